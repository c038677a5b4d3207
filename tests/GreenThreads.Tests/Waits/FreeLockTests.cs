namespace GreenThreads.Tests;

/// <summary>
/// A lock that its owner leaves signals its event once. If that signal reaches a green thread that can only run on an OS thread which waits for the same lock,
/// it must be taken back, or the lock stays closed although nobody has it.
/// </summary>
public sealed class FreeLockTests
{
    private static readonly object s_lock = new();

    private static class WithLockInStaticConstructor
    {
        internal static readonly int Value;

        static WithLockInStaticConstructor()
        {
            lock (s_lock)
                Value = 1;
        }
    }

    [SwitchedFact]
    public void A_static_constructor_gets_a_lock_that_another_green_thread_of_its_scheduler_was_to_get_next() =>
        EndsWhenFree(s_lock, static () => Assert.Equal(1, WithLockInStaticConstructor.Value));

    [SwitchedFact]
    public void So_does_code_that_must_not_park()
    {
        var gate = new object();
        EndsWhenFree(gate, () =>
        {
            using (NoPark.Enter())
            {
                lock (gate)
                {
                }
            }
        });
    }

    [SwitchedFact]
    public void And_a_context_of_somebody_elses_that_a_green_thread_posts_to_at_its_end()
    {
        var gate = new object();
        GreenThread? ending = null;
        EndsWhenFree(gate, () =>
        {
            ending = GreenThread.Spawn(static () => { });
            SynchronizationContext? own = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(new LockingContext(gate));
            Task task = Observe(ending);
            SynchronizationContext.SetSynchronizationContext(own);
            GreenThread.Await(task);
        });

        static async Task Observe(GreenThread thread) => await thread;
    }

    private sealed class LockingContext(object gate) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            lock (gate)
                base.Post(d, state);
        }
    }

    // One scheduler, and no spare one: an OS thread has the lock; a green thread waits for it in the usual way; then one blocks the OS thread for it.
    private static void EndsWhenFree(object gate, Action blocking)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 0 });
        using var taken = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        Task owner = OsThreads.Start(() =>
        {
            lock (gate)
            {
                taken.Set();
                leave.Wait();
            }
        });
        taken.Wait();
        GreenThread waiter = group.Spawn(() =>
        {
            lock (gate)
            {
            }
        });
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].ManagedWaits.HandedOver != 0 && waiter.State == GreenThreadState.Parked, TimeLimit.Generous));
        GreenThread blocker = group.Spawn(blocking);
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].State == SchedulerState.Stuck, TimeLimit.Generous));
        leave.Set();
        Assert.True(waiter.Join(TimeLimit.Generous) && blocker.Join(TimeLimit.Generous), "the lock is free, and nobody gets it");
        owner.Wait();
    }
}
