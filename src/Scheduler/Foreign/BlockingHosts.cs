namespace GreenThreads;

// OS threads for green threads that are about to block: each carries one at a time. A host is a scheduler that is retired from the first: it takes no work, and runs
// only who names it as home. So everything that a green thread may do works there too; what it spawns or wakes goes to the others.
//
//   enter   park until a slot is free -> take a host that rests, or start one -> home = the host, leave for the next (Scheduler.MoveTo)
//   leave   the host rests -> yield: it is retired, so the green thread goes to the injection queue
//
// The next may get the host before the last has left it: both are in the host's queue then, one after the other.
// Hosts rest until their group ends, as spare schedulers do, because parked green threads that they ran last still name them to the runtime (docs/stacks.md). The
// monitor does not look at them: nobody waits for what they do.

/// <summary>The hosts of a group.</summary>
/// <param name="group">Whose they are.</param>
/// <param name="maximum">OS threads at most.</param>
internal sealed class BlockingHosts(SchedulerGroup group, int maximum)
{
    private readonly GreenSemaphore _slots = new(maximum);

    // Guards the list.
    private SpinGate _gate;
    private readonly Stack<Scheduler> _resting = new();

    /// <summary>Moves the calling green thread to a host until the end of the region. Stays where it is if it cannot move. Parks.</summary>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled.</exception>
    internal static Stay Enter()
    {
        GreenThread? self = GreenThread.Current;
        self?.ThrowIfCanceled();
        if (self is null || Coroutine.CurrentOnGreenStack is not { HasNativeFrames: false } coroutine || self.IsPinned || !GreenRuntime.MayMigrate)
            return default;
        BlockingHosts hosts = self.Group.BlockingHosts;
        hosts._slots.Wait();
        if (hosts.Take() is not { } host)
        {
            hosts._slots.Release();
            return default;
        }
        self.Scheduler!.MoveTo(host, self, coroutine);
        return new Stay(hosts, host, self);
    }

    private Scheduler? Take()
    {
        using (_gate.Enter())
        {
            if (_resting.TryPop(out Scheduler? host))
                return host;
        }
        return group.TryAddBlockingHost();
    }

    private void Leave(Scheduler host, GreenThread self)
    {
        using (_gate.Enter())
            _resting.Push(host);
        _slots.Release();
        host.Yield(self, self.Coroutine!);
    }

    /// <summary>The region of a green thread's code that is on a host.</summary>
    internal readonly ref struct Stay(BlockingHosts hosts, Scheduler host, GreenThread self)
    {
        public void Dispose() => hosts?.Leave(host, self);
    }
}
