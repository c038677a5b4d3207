namespace GreenThreads.Tests;

/// <summary>A green thread that is cancelled in a select takes nothing with it, and leaves nothing behind.</summary>
public sealed class SelectCancelTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_cancellation_ends_the_wait_and_leaves_nothing_behind(bool withGroup)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "selecting" });
        using var pair = new SocketPair();
        using var cancellation = new CancellationTokenSource();
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        var semaphore = new GreenSemaphore(0);
        var task = new TaskCompletionSource();
        using var end = new ManualResetEventSlim();
        GreenThread ends = GreenThread.Spawn(end.Wait);
        SelectCase[][] cases =
        [
            [Select.Receive(channel), Select.Send(channel, 1), Select.Acquire(semaphore)],
            [Select.Completed(task.Task), Select.Ended(ends), Select.Canceled(cancellation.Token), Select.After(TimeLimit.Generous), Select.Readable(pair.One)],
            [],
            [Select.Receive(GreenChannel.Rendezvous<int>()), Select.Ended(ends), Select.Readable(pair.Two)],
        ];
        GreenThread[] selecting = [.. cases.Select(these => group.Spawn(() => { Select.Wait(these); }))];
        Assert.True(SpinWait.SpinUntil(() => selecting.All(one => one.WaitsFor is SelectWait), TimeLimit.Generous));
        Assert.False(selecting[1].WaitsForNothingElse);
        Assert.True(selecting[2].WaitsForNothingElse);
        if (withGroup)
            Assert.True(group.Shutdown(TimeSpan.Zero).IsComplete);
        else
            Array.ForEach(selecting, one => one.Cancel());
        Assert.All(selecting, one => Assert.Throws<GreenThreadCanceledException>(one.Join));
        Assert.Equal((0, 0), (channel.WaiterCount, semaphore.WaiterCount));
        Assert.All(cases.SelectMany(these => these), one => Assert.True(one is { IsInList: false, Waiter: null }));
        end.Set();
        ends.Join();
    }

    [Fact]
    public void What_was_handed_over_before_the_cancellation_counts() => Green.RunAlone(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        ReceiveCase<int> receive = Select.Receive(channel);
        bool isParkRefused = false;
        GreenThread selecting = GreenThread.Spawn(() =>
        {
            Assert.Equal(1, Select.Wait(Select.Acquire(new GreenSemaphore(0)), receive));
            Assert.Throws<GreenThreadCanceledException>(() => Select.Wait(receive));
            isParkRefused = true;
        });
        while (channel.WaiterCount == 0)
            GreenThread.Yield();
        Assert.True(channel.TrySend(5));
        selecting.Cancel();
        selecting.Join();
        Assert.Equal(5, receive.Value);
        Assert.True(isParkRefused);
        Assert.Equal(0, channel.WaiterCount);
    });

    // In every order of the hand-over and the cancellation: the item is received, or it is still there.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_item_is_lost_between_the_hand_over_and_the_cancellation(int seed) => Green.Run(() =>
    {
        var random = new Random(seed);
        int rounds = GreenRuntime.Mode == GreenRuntimeMode.Switched ? 3000 : 300;
        for (int i = 0; i < rounds; i++)
        {
            GreenChannel<int> one = GreenChannel.Bounded<int>(1), other = GreenChannel.Bounded<int>(1);
            var semaphore = new GreenSemaphore(0);
            int received = 0;
            GreenThread selecting = GreenThread.Spawn(() =>
            {
                ReceiveCase<int> fromOne = Select.Receive(one), fromOther = Select.Receive(other);
                SelectCase acquire = Select.Acquire(semaphore);
                while (true)
                {
                    Select.Wait(fromOne, acquire, fromOther);
                    received++;
                }
            });
            GreenThread sender = GreenThread.Spawn(() =>
            {
                one.Send(1);
                semaphore.Release();
                other.Send(1);
            });
            int spins = random.Next(300);
            if (spins % 3 == 0)
                GreenThread.Yield();
            Thread.SpinWait(spins);
            selecting.Cancel();
            Assert.Throws<GreenThreadCanceledException>(selecting.Join);
            sender.Join();
            Assert.Equal(3, received + one.Count + other.Count + semaphore.CurrentCount);
            Assert.Equal((0, 0, 0), (one.WaiterCount, other.WaiterCount, semaphore.WaiterCount));
        }
    });

    [Fact]
    public void A_socket_of_ours_that_is_closed_ends_the_wait() => Green.RunAlone(() =>
    {
        using var pair = new SocketPair();
        SocketDescriptor one = pair.One;
        Assert.False(one.Wait(WaitDirection.Read, one.Interest.EdgesOf(WaitDirection.Read), Deadline.After(TimeSpan.FromMilliseconds(2))));
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        GreenThread selecting = GreenThread.Spawn(() => { Select.Wait(Select.Receive(channel), Select.Readable((int)one.DangerousGetHandle())); });
        while (!one.Interest.HasWaiters(WaitDirection.Read))
            GreenThread.Yield();
        one.Dispose();
        Assert.Throws<ObjectDisposedException>(selecting.Join);
        Assert.Equal(0, channel.WaiterCount);
    }, new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });

    [Fact]
    public void An_interrupted_OS_thread_leaves_nothing_behind()
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() => Select.Wait(Select.Receive(channel), Select.Send(channel, 1)))) { IsBackground = true };
        thread.Start();
        Assert.True(SpinWait.SpinUntil(() => channel.WaiterCount == 2, TimeLimit.Generous));
        thread.Interrupt();
        Assert.True(thread.Join(TimeLimit.Generous));
        Assert.IsType<ThreadInterruptedException>(failure);
        Assert.Equal(0, channel.WaiterCount);
    }
}
