using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

// What a select leaves behind where it has not got anything: nothing.
public abstract partial class SelectContract
{
    [Fact]
    public void Losers_are_in_no_list_however_the_wait_ends() => Run(() =>
    {
        using var pair = new SocketPair();
        using var cancellation = new CancellationTokenSource();
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>(), won = GreenChannel.Rendezvous<int>();
        var semaphore = new GreenSemaphore(0);
        var park = new GreenSemaphore(0);
        GreenThread thread = GreenThread.Spawn(park.Wait);
        var task = new TaskCompletionSource();
        EventLoop loop = EventLoopHost.Current.LoopOfCaller;
        int registered = loop.InterestCount;
        for (int i = 0; i < 8; i++)
        {
            SelectCase?[] cases =
            [
                Select.Receive(channel), Select.Send(channel, 1), Select.Acquire(semaphore), Select.Ended(thread), Select.Readable(pair.One), Select.Readable(pair.One),
                Select.Completed(task.Task), Select.Canceled(cancellation.Token),
                i % 2 == 0 ? Select.Receive(won) : Select.After(s_short),
            ];
            Selection selection = StartSelect(cases);
            if (i % 2 == 0)
            {
                WaitUntilItWaits(selection);
                won.Send(1);
            }
            Assert.Equal(cases.Length - 1, IndexOf(selection));
            Assert.Equal((0, 0, 0), (channel.WaiterCount, won.WaiterCount, semaphore.WaiterCount));
            Assert.All(cases, one => Assert.False(one!.IsInList));
            Assert.All(cases, one => Assert.Null(one!.Waiter));
        }
        Assert.InRange(loop.InterestCount, 0, registered);
        park.Release();
        thread.Join();
    });

    [Fact]
    public void A_select_that_fails_leaves_nothing_behind() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        var semaphore = new GreenSemaphore(0);
        var gone = new SocketPair();
        SelectCase failing = Select.Readable(gone.One);
        gone.Dispose();
        SelectCase?[] cases = [Select.Receive(channel), Select.Send(channel, 1), Select.Acquire(semaphore), failing];
        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<ObjectDisposedException>(() => Select.Wait(cases));
            Assert.Equal((0, 0), (channel.WaiterCount, semaphore.WaiterCount));
            Assert.Equal(-1, Select.Try(cases.AsSpan(0, 3)));
        }
    });

    // Each that stays behind is a hundred bytes at least, and there are 10,000 of them.
    [Fact]
    public void Nothing_stays_in_a_task_or_at_a_token_that_lives_long() => Run(() =>
    {
        var task = new TaskCompletionSource();
        using var cancellation = new CancellationTokenSource();
        SelectCase now = Select.After(TimeSpan.FromTicks(1));
        SelectCase canceled = Select.Canceled(cancellation.Token);
        Lose(task.Task, cancellation.Token, 100);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Lose(task.Task, cancellation.Token, 5000);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 500_000, $"{grown} bytes stayed behind");
        GC.KeepAlive(task);

        void Lose(Task task, CancellationToken token, int count)
        {
            for (int i = 0; i < count; i++)
            {
                if (Select.Wait(now, Select.Completed(task), Select.Canceled(token), canceled) != 0)
                    throw new InvalidOperationException("neither the task nor the token is at its end");
            }
        }
    });

    [Fact]
    public void A_case_that_waits_again_and_again_for_a_task_has_one_place_there_until_it_is_collected() => Run(() =>
    {
        var task = new TaskCompletionSource();
        SelectCase now = Select.After(TimeSpan.FromTicks(1));
        LoseOften(100);
        Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        LoseOften(1000);
        Collect();
        LoseOften(10); // The framework cleans up when something is added.
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 250_000, $"{grown} bytes stayed behind");
        SelectCase last = Select.Completed(task.Task);
        for (int i = 0; i < 3; i++)
            Assert.Equal(1, Select.Wait(last, now));
        Selection selection = StartSelect(Select.Receive(Never), last);
        WaitUntilItWaits(selection);
        task.SetResult();
        Assert.Equal(1, IndexOf(selection));

        // Its cases are on no stack any more when it has returned.
        [MethodImpl(MethodImplOptions.NoInlining)]
        void LoseOften(int count)
        {
            for (int i = 0; i < count; i++)
            {
                SelectCase completed = Select.Completed(task.Task);
                for (int n = 0; n < 4; n++)
                {
                    if (Select.Wait(completed, now) != 1)
                        throw new InvalidOperationException("the task has not completed");
                }
            }
        }

        static void Collect()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    });

    [Fact]
    public void What_a_case_received_before_is_not_kept_by_the_select() => Run(() =>
    {
        GreenChannel<object> channel = GreenChannel.Bounded<object>(1);
        (SelectCase @case, WeakReference item) = ReceiveOne(channel);
        Assert.Equal(1, Select.Wait(@case, Select.After(s_short)));
        Clear((ReceiveCase<object>)@case, channel);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        WaitUntil(() =>
        {
            GC.Collect();
            return !item.IsAlive;
        });

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (SelectCase Case, WeakReference Item) ReceiveOne(GreenChannel<object> channel)
        {
            ReceiveCase<object> receive = Select.Receive(channel);
            channel.Send(new object());
            Assert.Equal(0, Select.Wait(receive));
            return (receive, new WeakReference(receive.Value));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Clear(ReceiveCase<object> receive, GreenChannel<object> channel)
        {
            channel.Send("another");
            Assert.Equal(0, Select.Wait(receive));
        }
    });
}
