namespace GreenThreads.Tests;

/// <summary>Locks that are taken in different orders.</summary>
public sealed class LockOrderBugs
{
    private static readonly Bug[] s_bugs =
    [
        // A replica's lock and its store's: the one who sends heartbeats holds the store and asks the replica, the one who campaigns the other way round.
        new("cockroach#10214", static run => CrossLock(run, "heartbeat", "campaign", BugRun.Mutex("store"), BugRun.Mutex("replica")))
        {
            Waits = ["heartbeat: replica", "campaign: store"],
            Cycle = ["heartbeat", "campaign"],
            Says = "Cycle of 2:\n",
        },

        // The set of devices and one device. Who removes waits too, for the one who holds the set, and is in no cycle.
        new("moby#4951", static run =>
        {
            GreenMutex set = BugRun.Mutex("set"), device = BugRun.Mutex("device");
            CrossLock(run, "mount", "unmount", set, device);
            run.Go("remove", () =>
            {
                BugRun.UntilWaiting(set);
                set.Lock();
            });
        })
        {
            Waits = ["mount: device", "unmount: set", "remove: set"],
            Cycle = ["mount", "unmount"],
        },

        // Three parties: the federation's store, a cluster's informer and a queue, each held while the next one is asked for.
        new("kubernetes#30872", static run => Ring(run, 3)) { Waits = ["party 0: lock 1", "party 1: lock 2", "party 2: lock 0"], Cycle = ["party 0", "party 1", "party 2"] },

        // A lock for each address, taken by requests that hold one already: a ring of five, as of dining philosophers.
        new("hugo#3251", static run => Ring(run, 5))
        {
            Waits = ["party 0: lock 1", "party 1: lock 2", "party 2: lock 3", "party 3: lock 4", "party 4: lock 0"],
            Cycle = ["party 0", "party 1", "party 2", "party 3", "party 4"],
            Says = "owned by party 0",
        },

        // Who closes a peer holds the map of peers and waits until the peer's worker has ended; the worker takes itself off the map first.
        new("kubernetes#13135", static run =>
        {
            GreenMutex peers = BugRun.Mutex("peers");
            using (peers.Lock())
            {
                GreenThread worker = run.Go("worker", () => peers.Lock());
                BugRun.UntilWaiting(peers);
                worker.Join();
            }
        })
        {
            Waits = ["main: end of worker", "worker: peers"],
            Cycle = ["main", "worker"],
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found(string origin) => Bug.Check(s_bugs, origin);

    private static void CrossLock(BugRun run, string one, string other, GreenMutex a, GreenMutex b)
    {
        int arrived = 0;
        run.Go(one, () => LockBoth(a, b));
        run.Go(other, () => LockBoth(b, a));

        void LockBoth(GreenMutex first, GreenMutex second)
        {
            using (first.Lock())
            {
                BugRun.Meet(ref arrived, 2);
                second.Lock();
            }
        }
    }

    private static void Ring(BugRun run, int parties)
    {
        int arrived = 0;
        GreenMutex[] locks = [.. Enumerable.Range(0, parties).Select(static i => BugRun.Mutex($"lock {i}"))];
        for (int i = 0; i < parties; i++)
        {
            int own = i;
            run.Go($"party {own}", () =>
            {
                using (locks[own].Lock())
                {
                    BugRun.Meet(ref arrived, parties);
                    locks[(own + 1) % parties].Lock();
                }
            });
        }
    }
}
