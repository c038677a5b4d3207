using System.Diagnostics;

namespace GreenThreads.Tests;

// Each of the other kinds of cases, and all of them together.
public abstract partial class SelectContract
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(5);

    private static GreenChannel<int> Never => new();

    [Fact]
    public void A_time_passes_never_early_and_the_earliest_counts() => Run(() =>
    {
        SelectCase late = Select.After(TimeLimit.Generous), early = Select.After(s_short);
        for (int i = 0; i < 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(2, Select.Wait(Select.Receive(Never), late, early, Select.After(Timeout.InfiniteTimeSpan)));
            Assert.True(Stopwatch.GetElapsedTime(start) >= s_short);
        }
        Assert.Equal(0, Select.Wait(Select.After(TimeSpan.Zero), late));
        Assert.Equal(-1, Select.Try(Select.After(TimeLimit.Generous)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Select.After(TimeSpan.FromSeconds(-2)));
    });

    [Fact]
    public void A_time_that_counts_from_its_creation_passes_once_for_all() => Run(() =>
    {
        long start = Stopwatch.GetTimestamp();
        SelectCase elapsed = Select.Elapsed(s_short);
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
        SendCase<int> send = Select.Send(channel, 1);
        ReceiveCase<int> receive = Select.Receive(channel);
        // Goes round many times before.
        while (Select.Wait(send, receive, elapsed) != 2)
        {
        }
        Assert.True(Stopwatch.GetElapsedTime(start) >= s_short);
        Assert.Equal(0, Select.Try(elapsed));
        Assert.Equal(0, Select.Wait(elapsed, Select.Receive(Never)));
    });

    [Fact]
    public void A_task_that_completes_is_seen_however_it_does() => Run(() =>
    {
        Assert.Equal(1, Select.Wait(Select.Receive(Never), Select.Completed(Task.CompletedTask)));
        Assert.Equal(0, Select.Try(Select.Completed(Task.FromException(new FormatException()))));
        Assert.Equal(0, Select.Try(Select.Completed(Task.FromCanceled(new CancellationToken(canceled: true)))));
        for (int i = 0; i < 30; i++)
        {
            var task = new TaskCompletionSource<int>(i % 2 == 0 ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);
            SelectCase completed = Select.Completed(task.Task);
            if (i % 5 == 0)
                Assert.Equal(1, Select.Wait(completed, Select.After(TimeSpan.FromTicks(1))));
            Selection selection = StartSelect(Select.Receive(Never), completed);
            WaitUntilItWaits(selection);
            AwaitContract.Completer completer = (AwaitContract.Completer)(i % 3);
            AwaitContract.CompleteOn(completer, () => task.SetResult(i));
            Assert.Equal(1, IndexOf(selection));
        }
    });

    [Fact]
    public void A_green_thread_that_ends_is_seen_however_it_does() => Run(() =>
    {
        foreach (bool fails in new[] { false, true })
        {
            var gate = new GreenSemaphore(0);
            GreenThread thread = GreenThread.Spawn(() =>
            {
                gate.Wait();
                if (fails)
                    throw new FormatException();
            });
            SelectCase ended = Select.Ended(thread);
            Assert.Equal(1, Select.Wait(ended, Select.After(s_short)));
            Selection selection = StartSelect(ended, Select.Receive(Never));
            WaitUntilItWaits(selection);
            Assert.True(selection.Waiter!.WaitsForNothingElse);
            gate.Release();
            Assert.Equal(0, IndexOf(selection));
            Assert.Equal(0, Select.Try(ended));
            if (fails)
                Assert.Throws<FormatException>(thread.Join);
        }
        GreenThread self = GreenThread.Spawn(() =>
        {
            GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
            SendCase<int> send = Select.Send(channel, 1);
            Assert.Throws<InvalidOperationException>(() => Select.Wait(send, Select.Ended(GreenThread.Current!)));
            Assert.Equal(0, channel.Count);
            Assert.Equal(0, Select.Wait(send));
        });
        self.Join();
    });

    [Fact]
    public void A_permit_is_taken_once() => Run(() =>
    {
        var semaphore = new GreenSemaphore(1);
        SelectCase acquire = Select.Acquire(semaphore);
        Assert.Equal(1, Select.Wait(Select.Receive(Never), acquire));
        Assert.Equal(0, semaphore.CurrentCount);
        Assert.Equal(-1, Select.Try(acquire));
        Selection selection = StartSelect(acquire, Select.Acquire(semaphore));
        WaitUntilItWaits(selection);
        WaitUntil(() => semaphore.WaiterCount == 2);
        semaphore.Release(3);
        IndexOf(selection);
        Assert.Equal((2, 0), (semaphore.CurrentCount, semaphore.WaiterCount));
    });

    [Fact]
    public void A_token_that_is_cancelled_is_seen() => Run(() =>
    {
        using var cancellation = new CancellationTokenSource();
        SelectCase canceled = Select.Canceled(cancellation.Token);
        Assert.Equal(1, Select.Wait(canceled, Select.After(s_short)));
        Selection selection = StartSelect(Select.Receive(Never), canceled, Select.Canceled(default));
        WaitUntilItWaits(selection);
        cancellation.Cancel();
        Assert.Equal(1, IndexOf(selection));
        Assert.Equal(0, Select.Try(canceled));
    });

    [Fact]
    public void A_descriptor_is_readable_and_writable_as_poll_says() => Run(() =>
    {
        using var pair = new SocketPair();
        int one = (int)pair.One.DangerousGetHandle();
        foreach (bool byNumber in new[] { true, false })
        {
            SelectCase readable = byNumber ? Select.Readable(one) : Select.Readable(pair.One);
            SelectCase writable = byNumber ? Select.Writable(one) : Select.Writable(pair.One);
            Assert.Equal(1, Select.Wait(readable, writable));
            Assert.Equal(-1, Select.Try(readable));
            byte[] buffer = new byte[8];
            for (int i = 0; i < 20; i++)
            {
                Selection selection = StartSelect(Select.Receive(Never), readable);
                WaitUntilItWaits(selection);
                pair.Two.Send([1], Timeout.Infinite);
                Assert.Equal(1, IndexOf(selection));
                // Level, not edge: it is readable until it was read.
                Assert.Equal(0, Select.Wait(readable, Select.Receive(Never)));
                Assert.Equal(1, pair.One.Receive(buffer, Timeout.Infinite));
                Assert.Equal(1, Select.Wait(readable, Select.After(TimeSpan.FromTicks(i))));
            }
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => Select.Readable(-1));
        Assert.Throws<SystemCallException>(() => Select.Wait(Select.Readable(100_000)));
    });

    [Fact]
    public void An_edge_that_somebody_else_has_used_up_is_not_taken_for_readiness() => Run(() =>
    {
        using var pair = new SocketPair();
        byte[] buffer = new byte[8];
        SelectCase readable = Select.Readable(pair.One);
        GreenChannel<int> end = GreenChannel.Rendezvous<int>();
        Selection selection = StartSelect(readable, Select.Receive(end));
        WaitUntilItWaits(selection);
        for (int i = 0; i < 50 && !selection.Task!.IsCompleted; i++)
        {
            pair.Two.Send([1], Timeout.Infinite);
            pair.One.Receive(buffer, Timeout.Infinite);
            Yield();
        }
        if (!selection.Task!.IsCompleted)
            _ = Select.Wait(Select.Send(end, 1), Select.Completed(selection.Task));
        Assert.InRange(IndexOf(selection), 0, 1);
    });

    [Fact]
    public void A_handle_that_is_closed_is_refused() => Run(() =>
    {
        using var pair = new SocketPair();
        pair.One.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Select.Wait(Select.Readable(pair.One)));
        Assert.Throws<ObjectDisposedException>(() => Select.Try(Select.Receive(Never), Select.Writable(pair.One)));
    });

    [Fact]
    public void One_of_each_kind_waits_together_and_each_can_be_the_one() => Run(() =>
    {
        using var pair = new SocketPair();
        using var cancellation = new CancellationTokenSource();
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>(), other = GreenChannel.Rendezvous<int>();
        var semaphore = new GreenSemaphore(0);
        var task = new TaskCompletionSource();
        var park = new GreenSemaphore(0);
        GreenThread thread = GreenThread.Spawn(park.Wait);
        SelectCase?[] cases =
        [
            Select.Receive(channel), Select.Send(other, 1), Select.Acquire(semaphore), Select.Completed(task.Task), Select.Ended(thread),
            Select.Canceled(cancellation.Token), Select.Readable(pair.One), Select.After(TimeLimit.Generous), null,
        ];
        Action[] triggers =
        [
            () => channel.Send(1), () => other.Receive(), () => semaphore.Release(), task.SetResult, () => park.Release(), cancellation.Cancel,
            () => pair.Two.Send([1], Timeout.Infinite),
        ];
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < triggers.Length; i++)
            {
                // What happens once for all, only at the end, and is disabled then.
                bool isLasting = i is 3 or 4 or 5;
                if (isLasting && round < 2)
                    continue;
                Selection selection = StartSelect(cases);
                WaitUntilItWaits(selection);
                triggers[i]();
                Assert.Equal(i, IndexOf(selection));
                if (isLasting)
                    cases[i] = null;
                if (i == 6)
                    pair.One.Receive(new byte[1], Timeout.Infinite);
            }
        }
        Assert.Equal((0, 0, 0), (channel.WaiterCount, other.WaiterCount, semaphore.WaiterCount));
    });
}
