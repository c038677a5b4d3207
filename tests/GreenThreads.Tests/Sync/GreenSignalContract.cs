using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenSignal"/>, used by one kind of thread. With a signal that does nothing to a process that does not catch it.</summary>
public abstract partial class GreenSignalContract : ThreadContract
{
    private const int SIGWINCH = 28;
    private const PosixSignal Harmless = (PosixSignal)SIGWINCH;

    [Fact]
    public void A_wait_ends_with_the_signal() => Run(() =>
    {
        using var signal = new GreenSignal(Harmless);
        for (int i = 0; i < 10; i++)
        {
            Task waiter = Start(signal.Wait);
            WaitUntil(() => signal.WaiterCount == 1);
            Raise();
            Join(waiter);
            Assert.Equal((0, false), (signal.WaiterCount, signal.IsPending));
        }
    });

    [Fact]
    public void A_signal_that_nobody_waits_for_is_kept_by_each_object() => Run(() =>
    {
        using var signal = new GreenSignal(Harmless);
        using var other = new GreenSignal(Harmless);
        Assert.Equal(Harmless, signal.Signal);
        Assert.False(signal.TryWait());
        Assert.False(signal.TryWait(TimeSpan.FromMilliseconds(1)));
        for (int i = 0; i < 3; i++)
        {
            Raise();
            WaitUntil(() => signal.IsPending && other.IsPending);
            signal.Wait();
            Assert.True(other.TryWait());
            Assert.False(signal.TryWait(TimeSpan.Zero));
        }
    });

    [Fact]
    public void Of_several_who_wait_one_signal_lets_one_go_on() => Run(() =>
    {
        using var signal = new GreenSignal(Harmless);
        Task[] waiters = [Start(signal.Wait), Start(signal.Wait)];
        WaitUntil(() => signal.WaiterCount == 2);
        Raise();
        WaitUntil(() => signal.WaiterCount == 1);
        WaitUntil(() => waiters.Any(waiter => waiter.IsCompleted));
        Assert.Single(waiters, waiter => waiter.IsCompleted);
        Raise();
        Join(waiters);
    });

    [Fact]
    public void A_wait_is_given_up_for_a_token_or_a_time() => Run(() =>
    {
        using var signal = new GreenSignal(Harmless);
        using var cancellation = new CancellationTokenSource();
        Task waiter = Start(() => Assert.Throws<OperationCanceledException>(() => signal.Wait(cancellation.Token)));
        Task other = Start(() => Assert.Throws<OperationCanceledException>(() => signal.TryWait(TimeLimit.Generous, cancellation.Token)));
        WaitUntil(() => signal.WaiterCount == 2);
        cancellation.Cancel();
        Join(waiter, other);
        Assert.False(signal.TryWait(TimeSpan.FromMilliseconds(2)));
        Assert.Throws<OperationCanceledException>(() => signal.TryWait(TimeSpan.Zero, cancellation.Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => signal.TryWait(TimeSpan.FromSeconds(-2)));
        Assert.Equal(0, signal.WaiterCount);
    });

    [Fact]
    public void A_select_takes_the_signal_or_leaves_it() => Run(() =>
    {
        using var signal = new GreenSignal(Harmless);
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
        SelectCase signaled = Select.Signaled(signal);
        Assert.Equal(1, Select.Wait(signaled, Select.After(TimeSpan.FromMilliseconds(1))));
        Task<int> selecting = SelectOnAnother(Select.Receive(channel), signaled);
        WaitUntil(() => signal.WaiterCount == 1);
        Raise();
        Assert.Equal(1, ResultOf(selecting));
        Assert.Equal((0, 0), (signal.WaiterCount, channel.WaiterCount));

        selecting = SelectOnAnother(Select.Receive(channel), signaled);
        WaitUntil(() => signal.WaiterCount == 1);
        channel.Send(1);
        Assert.Equal(0, ResultOf(selecting));
        Raise();
        WaitUntil(() => signal.IsPending);
        Assert.Equal(0, Select.Try(signaled));
        Assert.Equal(-1, Select.Try(signaled));
    });

    [Fact]
    public void Disposing_ends_every_wait() => Run(() =>
    {
        var signal = new GreenSignal(Harmless);
        Task waiter = Start(() => Assert.Throws<ObjectDisposedException>(signal.Wait));
        Task selecting = Start(() => Assert.Throws<ObjectDisposedException>(() => Select.Wait(Select.After(TimeLimit.Generous), Select.Signaled(signal))));
        WaitUntil(() => signal.WaiterCount == 2);
        signal.Dispose();
        Join(waiter, selecting);
        signal.Dispose();
        Assert.Throws<ObjectDisposedException>(() => signal.TryWait());
        Assert.Throws<ObjectDisposedException>(() => Select.Try(Select.Signaled(signal)));
        Assert.Throws<PlatformNotSupportedException>(() => new GreenSignal((PosixSignal)1000));
        Assert.Throws<ArgumentNullException>(() => Select.Signaled(null!));
    });

    private Task<int> SelectOnAnother(params SelectCase[] cases)
    {
        int index = -1;
        Task task = Start(() => index = Select.Wait(cases));
        return task.ContinueWith(_ => index, TaskScheduler.Default);
    }

    private int ResultOf(Task<int> task)
    {
        Join(task);
        return task.Result;
    }

    private static void Raise() => Assert.Equal(0, kill(Environment.ProcessId, SIGWINCH));

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}

public sealed class GreenThreadSignalTests : GreenSignalContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadSignalTests : GreenSignalContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
