namespace GreenThreads.Tests;

/// <summary>What must not allocate.</summary>
public sealed class LockAllocationTests
{
    private const int Rounds = 20_000;

    [Fact]
    public void What_need_not_wait_allocates_nothing()
    {
        var mutex = new GreenMutex();
        var rwLock = new GreenRwLock();
        var semaphore = new GreenSemaphore(1);
        var latch = new GreenLatch();
        var once = new GreenOnce();
        var local = new GreenLocal<int> { Value = 1 };
        All();
        long before = GC.GetAllocatedBytesForCurrentThread();
        All();
        // The runtime allocates once or twice on its own; a byte a round would be ours.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rounds / 2);

        void All()
        {
            for (int i = 0; i < Rounds; i++)
            {
                using (mutex.Lock())
                    mutex.IsLocked.GetHashCode();
                using (rwLock.EnterRead())
                using (semaphore.TryWait() ? rwLock.EnterRead() : default)
                    semaphore.Release();
                using (rwLock.EnterWrite())
                    latch.Add();
                latch.Signal();
                latch.Wait();
                once.Run(static () => { });
                local.Value++;
            }
        }
    }

    [SwitchedFact]
    public void Waits_of_green_threads_allocate_nothing()
    {
        // Counted per OS thread, of which there is one: no spare scheduler takes any of them.
        Green.RunAlone(() =>
        {
            var ping = new GreenSemaphore(0);
            var pong = new GreenSemaphore(0);
            var mutex = new GreenMutex();
            GreenThread other = GreenThread.Spawn(() =>
            {
                for (int i = 0; i < 2 * Rounds; i++)
                    Answer();
            });
            for (int i = 0; i < Rounds; i++)
                Ask();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Rounds; i++)
                Ask();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rounds / 2);
            other.Join();

            void Ask()
            {
                ping.Release();
                using (mutex.Lock())
                    GreenThread.Yield(); // The other waits for it meanwhile.
                pong.Wait();
            }

            void Answer()
            {
                ping.Wait();
                using (mutex.Lock())
                    pong.Release();
            }
        }, new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });
    }
}
