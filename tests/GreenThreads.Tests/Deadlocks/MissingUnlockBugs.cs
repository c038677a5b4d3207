namespace GreenThreads.Tests;

/// <summary>Locks that are taken twice by the same thread, which throws here, and locks that are never given back.</summary>
public sealed class MissingUnlockBugs
{
    private static readonly Bug[] s_bugs =
    [
        // A loop is left by break, past the unlock at its end; what follows locks again.
        new("cockroach#584", static run => run.Go("bootstrap", () =>
        {
            GreenMutex gossip = BugRun.Mutex("gossip");
            while (true)
            {
                gossip.Lock();
                if (gossip.IsLocked)
                    break;
                gossip.Unlock();
            }
            gossip.Lock();
        }))
        {
            Throws = [("bootstrap", typeof(LockRecursionException))],
        },

        // The next turn of a loop, after a turn that went on to the next packet without the unlock.
        new("moby#7559", static run => run.Go("proxy", () =>
        {
            GreenMutex connections = BugRun.Mutex("connections");
            for (int packet = 0; packet < 2; packet++)
            {
                connections.Lock();
                if (packet == 0)
                    continue;
                connections.Unlock();
            }
        }))
        {
            Throws = [("proxy", typeof(LockRecursionException))],
        },

        // A callback that is called with the lock held takes it itself.
        new("etcd#10492", static run =>
        {
            GreenMutex lessor = BugRun.Mutex("lessor");
            run.Go("checkpoint", () =>
            {
                using (lessor.Lock())
                    Renew();
            });

            void Renew()
            {
                using (lessor.Lock())
                {
                }
            }
        })
        {
            Throws = [("checkpoint", typeof(LockRecursionException))],
        },

        // Unlocks on a path where it never locked.
        new("grpc#795", static run => run.Go("stop", static () => BugRun.Mutex("server").Unlock())) { Throws = [("stop", typeof(SynchronizationLockException))] },

        // An error path locks again. Who comes then waits for one who has ended.
        new("cockroach#9935", static run =>
        {
            GreenMutex log = BugRun.Mutex("log");
            GreenThread writer = run.Go("writer", () =>
            {
                log.Lock();
                log.Lock();
            });
            run.Go("reader", () =>
            {
                BugRun.Until(() => writer.State == GreenThreadState.Ended);
                log.Lock();
            });
        })
        {
            Throws = [("writer", typeof(LockRecursionException))],
            Waits = ["reader: log"],
            Says = "GreenMutex \"log\", owned by writer",
        },

        // An early return without the unlock: all others wait for a lock whose owner has ended.
        new("moby#17176", static run =>
        {
            GreenMutex devices = BugRun.Mutex("devices");
            GreenThread remove = run.Go("remove", () => devices.Lock());
            remove.Join();
            run.Go("activate", () => devices.Lock());
            run.Go("deactivate", () => devices.Lock()).Join();
        })
        {
            Waits = ["activate: devices", "deactivate: devices", "main: end of deactivate"],
            Says = ", which has ended",
        },

        // A pool of permits, one of which is lost on each error.
        new("permits that are not returned", static run =>
        {
            GreenSemaphore slots = BugRun.Semaphore("slots", 2);
            for (int i = 0; i < 3; i++)
            {
                GreenThread request = run.Go($"request {i}", () =>
                {
                    slots.Wait();
                    throw new InvalidOperationException("the release is not in a finally block");
                });
                BugRun.Until(() => request.State == GreenThreadState.Ended || slots.WaiterCount == 1);
            }
        })
        {
            Waits = ["request 2: slots"],
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Throws_or_is_found(string origin) => Bug.Check(s_bugs, origin);
}
