namespace GreenThreads.Tests;

/// <summary>How the contracts run on green threads of a group whose event loops have rings, as far as the kernel allows them; otherwise on epoll once more.</summary>
internal static class IoUringGroup
{
    internal static SchedulerGroup Instance { get; } = new(new SchedulerGroupOptions
    {
        Name = "io_uring",
        EventLoopEngine = EventLoopEngine.IoUring,
        LoggerFactory = RecordingLogger.OfDefaultGroup,
    });

    internal static Task Start(Action body) => Instance.Spawn(body).Completion;
}

public sealed class IoUringSocketTests : SocketContract
{
    protected override Task Start(Action body) => IoUringGroup.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class IoUringSocketAsyncTests : SocketAsyncContract
{
    protected override Task Start(Action body) => IoUringGroup.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class IoUringAcceptTests : AcceptContract
{
    protected override Task Start(Action body) => IoUringGroup.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class IoUringWaitTests : WaitContract
{
    protected override Task Start(Action body) => IoUringGroup.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class IoUringInterestStressTests : InterestStressContract
{
    protected override Task Start(Action body) => IoUringGroup.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class IoUringFileTests : GreenFileContract
{
    protected override Task Start(Action body) => IoUringGroup.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class IoUringPollTests : PollContract
{
    public IoUringPollTests()
        : base(EventLoopEngine.IoUring)
    {
    }
}
