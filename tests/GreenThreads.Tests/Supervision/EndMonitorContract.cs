namespace GreenThreads.Tests;

/// <summary>Watching the ends of green threads, seen from a kind of thread.</summary>
public abstract class EndMonitorContract : ThreadContract
{
    [Fact]
    public void It_tells_how_a_green_thread_ends() => Run(() =>
    {
        GreenThread thread = GreenThread.Spawn(() => GreenThread.Park());
        using GreenThreadMonitor monitor = GreenThread.Monitor(thread);
        Assert.False(monitor.TryWait(TimeSpan.Zero, out _));
        Assert.False(monitor.TryWait(TimeSpan.FromMilliseconds(1), out _));
        Assert.Same(thread, monitor.Thread);
        thread.Unpark();
        Assert.Equal(new GreenThreadEnd(thread, GreenThreadEndKind.Returned, null), monitor.Wait());

        GreenThread failing = GreenThread.Spawn(() => throw new FormatException("broken"));
        GreenThreadEnd end = GreenThread.Monitor(failing).Wait();
        Assert.Equal(GreenThreadEndKind.Failed, end.Kind);
        Assert.Equal("broken", end.Exception!.Message);
        Assert.True(end.IsFailure);
        Assert.Equal(end, GreenThread.Monitor(failing).Wait()); // It fires at once.

        GreenThread canceled = GreenThread.Spawn(() => GreenThread.Park());
        canceled.Cancel();
        end = GreenThread.Monitor(canceled).Wait();
        Assert.Equal(GreenThreadEndKind.Canceled, end.Kind);
        Assert.False(end.IsFailure);
    });

    [Fact]
    public void It_puts_messages_into_a_mailbox() => Run(() =>
    {
        var mailbox = new Mailbox<string>();
        GreenThread parked = GreenThread.Spawn(() => GreenThread.Park());
        GreenThread failed = GreenThread.Spawn(() => throw new FormatException());
        using GreenThreadMonitor first = GreenThread.Monitor(parked, mailbox, end => $"first {end.Kind}");
        using GreenThreadMonitor second = GreenThread.Monitor(failed, mailbox, end => $"second {end.Kind}");
        Assert.Equal("second Failed", mailbox.Receive());
        Assert.False(mailbox.TryReceive(out _));
        using GreenThreadMonitor third = GreenThread.Monitor(failed, mailbox, end => $"third {end.Kind}");
        Assert.Equal("third Failed", mailbox.Receive());
        parked.Unpark();
        Assert.Equal("first Returned", mailbox.Receive());
        first.Wait();
        Assert.Equal(0, mailbox.Count);
    });

    [Fact]
    public void A_message_that_cannot_be_made_is_gone_for_a_receiver_with_a_condition_too() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        GreenThread thread = GreenThread.Spawn(static () => { });
        thread.Join();
        using GreenThreadMonitor monitor = GreenThread.Monitor<int>(thread, mailbox, static _ => throw new FormatException());
        mailbox.Send(7);
        Assert.Throws<FormatException>(() => mailbox.Receive(static message => message == 7));
        Assert.Equal(7, mailbox.Receive(static message => message == 7));
        Assert.Equal(0, mailbox.Count);
    });

    [Fact]
    public void A_capacity_does_not_hold_its_messages_up() => Run(() =>
    {
        var mailbox = new Mailbox<int>(capacity: 1);
        mailbox.Send(1);
        GreenThread thread = GreenThread.Spawn(() => { });
        thread.Join();
        for (int i = 2; i < 5; i++)
        {
            int number = i;
            GreenThread.Monitor(thread, mailbox, _ => number);
        }
        Assert.False(mailbox.TrySend(9));
        for (int i = 1; i < 5; i++)
            Assert.Equal(i, mailbox.Receive());
        Assert.True(mailbox.TrySend(9));
    });

    [Fact]
    public void After_its_disposal_no_message_comes() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        GreenThread thread = GreenThread.Spawn(() => GreenThread.Park());
        GreenThreadMonitor before = GreenThread.Monitor(thread, mailbox, _ => 1);
        GreenThreadMonitor after = GreenThread.Monitor(thread, mailbox, _ => 2);
        before.Dispose();
        before.Dispose();
        Assert.Throws<ObjectDisposedException>(() => before.Wait());
        thread.Unpark();
        thread.Join();
        after.Dispose(); // The message is there, or is just coming: it is taken out.
        Assert.Equal(0, mailbox.Count);
        Assert.Equal(0, thread.JoinerCount);
    });

    [Fact]
    public void A_closed_mailbox_drops_them() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        GreenThread thread = GreenThread.Spawn(() => GreenThread.Park());
        using GreenThreadMonitor monitor = GreenThread.Monitor(thread, mailbox, _ => 1);
        mailbox.Close();
        thread.Unpark();
        monitor.Wait();
        thread.WaitUntilEndIsTold();
        Assert.Equal(0, mailbox.Count);
    });

    [Fact]
    public void A_token_ends_the_wait() => Run(() =>
    {
        GreenThread thread = GreenThread.Spawn(() => GreenThread.Park());
        using GreenThreadMonitor monitor = GreenThread.Monitor(thread);
        using var cancellation = new CancellationTokenSource();
        Task canceller = Start(cancellation.Cancel);
        Assert.Throws<OperationCanceledException>(() => monitor.Wait(cancellation.Token));
        Join(canceller);
        Assert.Equal(0, thread.JoinerCount);
        thread.Unpark();
        Assert.Equal(GreenThreadEndKind.Returned, monitor.Wait().Kind);
    });

    [Fact]
    public void Ends_and_disposals_meet_in_any_order_and_nothing_stays() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        int received = 0;
        for (int i = 0; i < Rounds.Of(300); i++)
        {
            GreenThread thread = GreenThread.Spawn(GreenThread.Yield);
            GreenThreadMonitor monitor = GreenThread.Monitor(thread, mailbox, _ => 1);
            if (i % 2 == 0)
                Yield();
            monitor.Dispose();
            received += mailbox.TryReceive(out _) ? 1 : 0;
            thread.Join();
            thread.WaitUntilEndIsTold();
            Assert.Equal(0, mailbox.Count);
        }
        Assert.Equal(0, received);
    });
}

public sealed class GreenThreadEndMonitorTests : EndMonitorContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_green_thread_cannot_wait_for_its_own_end() =>
        Run(() => Assert.Throws<InvalidOperationException>(() => GreenThread.Monitor(GreenThread.Current!).Wait()));
}

public sealed class OsThreadEndMonitorTests : EndMonitorContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
