namespace GreenThreads.Samples.Crashing;

/// <summary>What a service is asked to do. It allocates through the job, which knows how much it may.</summary>
internal sealed class Job(string argument, long memoryBudget, ReplyTo<string> reply)
{
    private long _memoryLeft = memoryBudget;

    internal string Argument => argument;

    internal ReplyTo<string> Reply => reply;

    internal byte[] Allocate(long bytes)
    {
        if (bytes > _memoryLeft)
            throw new InsufficientMemoryException($"the handler asks for {bytes} bytes and may have {_memoryLeft} more");
        _memoryLeft -= bytes;
        return new byte[bytes];
    }
}
