namespace GreenThreads.Tests;

/// <summary>Which engine a group gets, and what is said about it.</summary>
public sealed class IoUringFallbackTests
{
    [SwitchedTheory]
    [InlineData(Errno.ENOSYS, "has no io_uring")]
    [InlineData(Errno.EPERM, "kernel.io_uring_disabled")]
    [InlineData(Errno.EINVAL, "Linux 6.1")]
    [InlineData(Errno.ENOMEM, "RLIMIT_MEMLOCK")]
    [InlineData(Errno.EMFILE, "RLIMIT_NOFILE")]
    public void Where_the_kernel_refuses_a_group_works_with_epoll_and_one_line_says_why(int errno, string reason)
    {
        var logger = new RecordingLogger();
        EventLoopEngines.SimulatedErrno = errno;
        try
        {
            using var group = new SchedulerGroup(new SchedulerGroupOptions { EventLoopEngine = EventLoopEngine.IoUring, LoggerFactory = logger });
            Assert.Equal(EventLoopEngine.Epoll, group.Engine);
            Assert.All(group.RegularSchedulers, scheduler => Assert.Equal(EventLoopEngine.Epoll, scheduler.EventLoop.Engine));
            Echo(group);
        }
        finally
        {
            EventLoopEngines.SimulatedErrno = 0;
        }
        string line = Assert.Single(logger.Messages, message => message.Contains("io_uring", StringComparison.Ordinal));
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.Contains("epoll", line, StringComparison.Ordinal);
    }

    [SwitchedFact]
    public void A_loop_whose_own_rings_are_refused_works_with_epoll()
    {
        var logger = new RecordingLogger();
        EventLoopEngines.SimulatedErrno = Errno.ENOMEM;
        try
        {
            using var loop = new EventLoop(logger, EventLoopEngine.IoUring);
            Assert.Equal((EventLoopEngine.Epoll, null, null), (loop.Engine, loop.Ring, loop.FileRing));
            loop.Interrupt();
            loop.Poll(Deadline.Never, []);
        }
        finally
        {
            EventLoopEngines.SimulatedErrno = 0;
        }
        Assert.Single(logger.Messages, message => message.Contains("ulimit -l", StringComparison.Ordinal));
    }

    [IoUringFact]
    public void The_variable_chooses_and_an_option_overrides_it()
    {
        var logger = new RecordingLogger();
        Assert.Equal(EventLoopEngine.Epoll, EventLoopEngines.Choose(EventLoopEngine.Default, null, logger));
        Assert.Equal(EventLoopEngine.Epoll, EventLoopEngines.Choose(EventLoopEngine.Default, "epoll", logger));
        Assert.Equal(EventLoopEngine.IoUring, EventLoopEngines.Choose(EventLoopEngine.Default, "IO_Uring", logger));
        Assert.Equal(EventLoopEngine.Epoll, EventLoopEngines.Choose(EventLoopEngine.Epoll, "io_uring", logger));
        Assert.Equal(EventLoopEngine.IoUring, EventLoopEngines.Choose(EventLoopEngine.IoUring, "epoll", logger));
        Assert.Empty(logger.Messages);
    }

    [Fact]
    public void An_unknown_value_of_the_variable_means_epoll_and_a_warning_names_it()
    {
        var logger = new RecordingLogger();
        Assert.Equal(EventLoopEngine.Epoll, EventLoopEngines.Choose(EventLoopEngine.Default, "kqueue", logger));
        Assert.Contains("GREENTHREADS_EVENT_LOOP=kqueue", Assert.Single(logger.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_that_is_none_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(
        () => new SchedulerGroup(new SchedulerGroupOptions { EventLoopEngine = (EventLoopEngine)7 }));

    [Fact]
    public void The_description_names_the_engine() => Assert.Contains("event loop: ", GreenRuntime.Describe(), StringComparison.Ordinal);

    private static void Echo(SchedulerGroup group) => group.Spawn(() =>
    {
        using var connection = new Connection();
        GreenThread reader = GreenThread.Spawn(() => Assert.Equal(5, connection.Server.ReadByte()));
        connection.Client.WriteByte(5);
        reader.Join();
    }).Completion.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
}
