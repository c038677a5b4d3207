using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenThreads.Tests;

public sealed class PollTests : PollContract
{
    public PollTests()
        : base(EventLoopEngine.Epoll)
    {
    }
}

/// <summary>An event loop that is polled by the test's own thread.</summary>
public abstract class PollContract : IDisposable
{
    private readonly EventLoop _loop;
    private readonly List<WaitNode> _ready = [];

    protected PollContract(EventLoopEngine engine) => _loop = new EventLoop(NullLogger.Instance, engine);

    public void Dispose()
    {
        _loop.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.05)]
    [InlineData(3.7)]
    [InlineData(20)]
    public void A_poll_with_nothing_to_report_returns_after_its_deadline_and_not_before(double milliseconds)
    {
        Deadline until = Deadline.After(TimeSpan.FromMilliseconds(milliseconds));
        _loop.Poll(until, _ready);
        Assert.True(Stopwatch.GetTimestamp() >= until.Timestamp);
        Assert.Empty(_ready);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.05)]
    [InlineData(3.7)]
    public void Without_epoll_pwait2_a_poll_is_not_early_either(double milliseconds)
    {
        EventLoop.LacksPwait2 = true;
        try
        {
            A_poll_with_nothing_to_report_returns_after_its_deadline_and_not_before(milliseconds);
            An_interrupt_before_the_poll_makes_it_return_at_once_and_only_once();
        }
        finally
        {
            EventLoop.LacksPwait2 = false;
        }
    }

    [Fact]
    public void An_interrupt_before_the_poll_makes_it_return_at_once_and_only_once()
    {
        _loop.Interrupt();
        _loop.Interrupt();
        _loop.Poll(Deadline.Never, _ready);
        Deadline until = Deadline.After(TimeSpan.FromMilliseconds(5));
        _loop.Poll(until, _ready);
        Assert.True(until.HasPassed);
    }

    [Fact]
    public void Interrupts_from_another_thread_end_polls_that_wait_for_ever()
    {
        const int Rounds = 2000;
        int polls = 0;
        var interrupter = new Thread(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                _loop.Interrupt();
                SpinWait.SpinUntil(() => Volatile.Read(ref polls) > i);
            }
        });
        interrupter.Start();
        for (int i = 0; i < Rounds; i++)
        {
            _loop.Poll(Deadline.Never, _ready);
            Volatile.Write(ref polls, i + 1);
        }
        interrupter.Join();
    }

    [Fact]
    public void A_poll_on_behalf_tells_of_the_interrupt_that_it_swallowed()
    {
        _loop.Interrupt();
        Assert.True(_loop.PollOnBehalf(_ready));
        Assert.False(_loop.PollOnBehalf(_ready));
        _loop.Interrupt();
        _loop.Poll(Deadline.Never, _ready); // The next interrupt is not taken for one that is still there.
    }

    [Fact]
    public void A_poll_allocates_nothing()
    {
        Deadline past = Deadline.At(0);
        for (int i = 0; i < 100; i++)
            Poll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Poll();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Poll()
        {
            _loop.Poll(past, _ready);
            _loop.Poll(Deadline.At(Stopwatch.GetTimestamp() + 1), _ready);
            _loop.Interrupt();
            _loop.Poll(Deadline.Never, _ready);
        }
    }

    [Fact]
    public void An_interrupt_after_Dispose_does_nothing()
    {
        _loop.Dispose();
        _loop.Interrupt();
    }

    [Fact]
    public void Whoever_waits_in_a_loop_that_is_disposed_of_goes_on_in_another()
    {
        using var pair = new SocketPair();
        Assert.True(_loop.TryRegister(pair.One.Interest, out Interest? displaced));
        Assert.Null(displaced);
        var reader = Task.Factory.StartNew(() => pair.One.Receive(new byte[1], Timeout.Infinite), TaskCreationOptions.LongRunning);
        Assert.True(SpinWait.SpinUntil(() => pair.One.Interest.HasWaiters(WaitDirection.Read), TimeLimit.Generous));
        _loop.Dispose();
        pair.Two.Send([1], Timeout.Infinite);
        Assert.Equal(1, reader.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult());
    }
}
