using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Filters of exceptions run before the finally blocks of whoever throws: nothing of this library's may be held or half done then.</summary>
public sealed class MisuseFilterTests
{
    [Fact]
    public void No_gate_is_held_while_a_filter_looks_at_what_misuse_threw() => Green.Run(() =>
    {
        var latch = new GreenLatch(int.MaxValue);
        AssertFree<InvalidOperationException>(() => latch.Add());
        latch.Signal(int.MaxValue);
        AssertFree<InvalidOperationException>(() => latch.Signal());
        var semaphore = new GreenSemaphore(0, 1);
        Assert.False(semaphore.TryWait(TimeSpan.FromTicks(1))); // From here on a release comes to the gate.
        AssertFree<SemaphoreFullException>(() => semaphore.Release(2));
        Assert.Equal(0, semaphore.CurrentCount);
        AssertFree<SynchronizationLockException>(new GreenRwLock().ExitRead);
        var once = new GreenOnce();
        once.Run(() => AssertFree<LockRecursionException>(() => once.Run(() => { })));
        GreenBarrier barrier = null!;
        barrier = new GreenBarrier(1, () =>
        {
            AssertFree<InvalidOperationException>(barrier.Reset);
            AssertFree<InvalidOperationException>(barrier.SignalAndWait);
        });
        barrier.SignalAndWait();
        var broken = new GreenBarrier(2);
        Assert.False(broken.TrySignalAndWait(TimeSpan.FromTicks(1)));
        AssertFree<GreenBarrierBrokenException>(broken.SignalAndWait);
    });

    [Fact]
    public void A_filter_may_select_when_a_select_throws() => Green.Run(() =>
    {
        var empty = new GreenChannel<int>(1);
        var closed = new GreenChannel<int>(1);
        closed.Complete();
        var other = new GreenChannel<int>(1);
        SelectCase receive = Select.Receive(empty);
        int chosen = -1;
        try
        {
            Select.Wait(receive, Select.Send(closed, 1));
            Assert.Fail("it throws");
        }
        catch (ChannelClosedException) when ((chosen = Select.Try(receive, null, Select.Send(other, 7))) == 2)
        {
            Assert.Equal(7, other.Receive());
        }
        GreenThread canceled = GreenThread.Spawn(() =>
        {
            try
            {
                Select.Wait(receive);
            }
            catch (GreenThreadCanceledException) when (SelectsAgain())
            {
            }

            bool SelectsAgain()
            {
                GreenThread.RunShielded(() => chosen = Select.Try(Select.Send(other, 8)));
                return chosen == 0;
            }
        });
        while (empty.WaiterCount == 0)
            GreenThread.Yield();
        canceled.Cancel();
        canceled.Join();
        Assert.Equal(8, other.Receive());
        Assert.Equal(0, empty.WaiterCount);
        empty.Send(9);
        Assert.Equal(0, Select.Try(receive));
    });

    private static void AssertFree<TException>(Action misuse)
        where TException : Exception
    {
        bool isHeld = true;
        try
        {
            misuse();
            Assert.Fail("it throws");
        }
        catch (TException) when ((isHeld = NoPark.IsInside) || true)
        {
        }
        Assert.False(isHeld);
    }
}
