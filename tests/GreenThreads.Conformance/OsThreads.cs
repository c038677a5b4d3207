namespace GreenThreads.Conformance;

/// <summary>Plain OS threads for the other side. The first exception of theirs is rethrown by <see cref="Join"/>.</summary>
internal sealed class OsThreads
{
    private readonly List<Thread> _threads = [];
    private Exception? _failure;

    /// <summary>Starts as many, each with its number from 0 on.</summary>
    internal static OsThreads Start(int count, Action<int> body)
    {
        var threads = new OsThreads();
        for (int i = 0; i < count; i++)
        {
            int number = i;
            var thread = new Thread(() => threads.Run(body, number)) { IsBackground = true };
            threads._threads.Add(thread);
            thread.Start();
        }
        return threads;
    }

    internal void Join()
    {
        foreach (Thread thread in _threads)
            Assert.True(thread.Join(TimeLimit.Generous), "an OS thread did not end");
        if (_failure is not null)
            throw new InvalidOperationException("an OS thread failed", _failure);
    }

    private void Run(Action<int> body, int number)
    {
        try
        {
            body(number);
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, exception, null);
        }
    }
}
