namespace GreenThreads.Tests;

/// <summary>How the contracts run on plain OS threads.</summary>
internal static class OsThreads
{
    internal static Task Start(Action body)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                body();
                end.SetResult();
            }
            catch (Exception e)
            {
                end.SetException(e);
            }
        })
        { IsBackground = true };
        thread.Start();
        return end.Task;
    }
}

public sealed class OsThreadSocketTests : SocketContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

public sealed class OsThreadSocketAsyncTests : SocketAsyncContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

public sealed class OsThreadAcceptTests : AcceptContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

public sealed class OsThreadWaitTests : WaitContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

public sealed class OsThreadInterestStressTests : InterestStressContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
