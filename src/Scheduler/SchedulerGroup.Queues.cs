namespace GreenThreads;

// What comes from outside: green threads that plain OS threads, other groups and the monitor spawn or wake, and what does not fit into a scheduler's
// ring. Any scheduler takes from it, a batch at a time. Who is woken for it: SleepProtocol.cs.
public sealed partial class SchedulerGroup : ISleepHost
{
    internal SharedQueue Injected { get; } = new();

    /// <summary>The schedulers shall end: no green thread is left.</summary>
    internal bool IsStopping
    {
        get => Volatile.Read(ref field);
        private set => Volatile.Write(ref field, value);
    }

    /// <summary>Puts a green thread that is off its stack into a queue. Its only owner calls it.</summary>
    internal void MakeRunnable(GreenThread thread)
    {
        if (thread.Home is { } home)
            home.EnqueueAffine(thread);
        else if (Scheduler.Current is { } here && here.Group == this)
            here.EnqueueWoken(thread);
        else
            Inject(thread);
    }

    /// <summary>Puts a green thread where any scheduler of the group can take it. Any thread; never blocks.</summary>
    internal void Inject(GreenThread thread)
    {
        Injected.Enqueue(thread);
        NotifyOfInjection();
    }

    internal void NotifyOfInjection() => Sleepers.Submitted();

    /// <summary>Whether every scheduler sleeps, or is about to.</summary>
    internal bool AreAllAsleep => Schedulers.All(static scheduler => scheduler.IsAsleep);

    /// <summary>The same, whatever hosts do: nobody waits for them.</summary>
    internal bool AreAllButHostsAsleep => Schedulers.All(static scheduler => scheduler.IsAsleep || scheduler.IsHost);

    /// <summary>Whether there is nothing that a scheduler would do by itself: nobody to run, and no time to wait for.</summary>
    internal bool HasNothingAhead => AreAllAsleep && Injected.IsEmpty
        && Schedulers.All(static scheduler => scheduler.QueuedCount == 0 && scheduler.Timers.NextDeadline.IsNever);

    bool ISleepHost.HasWorkFor(int scheduler) => IsStopping || Schedulers[scheduler].HasOwnWork || HasWorkToTake();

    bool ISleepHost.HasWorkToTake(int asker) => HasWorkToTake();

    void ISleepHost.Interrupt(int scheduler) => Schedulers[scheduler].Interrupt();

    private bool HasWorkToTake()
    {
        if (!Injected.IsEmpty)
            return true;
        foreach (Scheduler scheduler in Schedulers)
        {
            if (scheduler.IsWorthStealing)
                return true;
        }
        return false;
    }
}
