namespace GreenThreads.Tests;

/// <summary>Channels that are used with a lock held.</summary>
public sealed class ChannelAndLockBugs
{
    private static readonly Bug[] s_bugs =
    [
        // Who changes the state holds its lock and tells the monitor to stop; the monitor wants the lock for its next probe.
        new("moby#28462", static run =>
        {
            GreenMutex container = BugRun.Mutex("container");
            GreenChannel<int> stop = BugRun.Channel("stop");
            run.Go("monitor", () =>
            {
                while (!stop.TryReceive(out _))
                {
                    BugRun.Until(() => container.IsLocked);
                    using (container.Lock())
                    {
                    }
                }
            });
            run.Go("daemon", () =>
            {
                using (container.Lock())
                {
                    BugRun.UntilWaiting(container);
                    stop.Send(1);
                }
            });
        })
        {
            Waits = ["monitor: container", "daemon: stop"],
            Says = "GreenMutex \"container\", owned by daemon",
        },

        // Tokens: who authenticates holds the lock and sends to the keeper, who just then wants the lock to throw old tokens away.
        new("etcd#7492", static run =>
        {
            GreenMutex tokens = BugRun.Mutex("tokens");
            GreenChannel<int> added = BugRun.Channel("added", 1);
            run.Go("keeper", () =>
            {
                added.Receive();
                BugRun.UntilWaiting(added);
                tokens.Lock();
            });
            run.Go("user", () =>
            {
                while (true)
                {
                    using (tokens.Lock())
                        added.Send(1);
                }
            });
        })
        {
            Waits = ["keeper: tokens", "user: added"],
        },

        // A broadcast holds its lock and waits for an update to be taken by the one who waits for the lock to leave the broadcast.
        new("etcd#6873", static run =>
        {
            GreenMutex broadcasts = BugRun.Mutex("broadcasts");
            GreenChannel<int> updates = BugRun.Channel("updates");
            run.Go("coalesce", () =>
            {
                updates.Receive();
                BugRun.UntilWaiting(updates);
                using (broadcasts.Lock())
                {
                }
                updates.Receive();
            });
            using (broadcasts.Lock())
            {
                updates.Send(1);
                updates.Send(2);
            }
        })
        {
            Waits = ["coalesce: broadcasts", "main: updates"],
        },

        // The status is sent with the lock held that its reader wants before it reads.
        new("kubernetes#10182", static run =>
        {
            GreenMutex statuses = BugRun.Mutex("statuses");
            GreenChannel<int> updates = BugRun.Channel("updates", 1);
            run.Go("sync", () =>
            {
                BugRun.UntilWaiting(updates);
                using (statuses.Lock())
                    updates.Receive();
            });
            for (int i = 0; i < 2; i++)
            {
                using (statuses.Lock())
                    updates.Send(i);
            }
        })
        {
            Waits = ["main: updates", "sync: statuses"],
        },

        // A test's handlers: one holds the lock and waits for the other's word, which is given with the same lock.
        new("istio#16224", static run =>
        {
            GreenMutex model = BugRun.Mutex("model");
            GreenChannel<int> done = BugRun.Channel("done");
            using (model.Lock())
            {
                run.Go("handler", () =>
                {
                    using (model.Lock())
                        done.Send(1);
                });
                done.Receive();
            }
        })
        {
            Waits = ["main: done", "handler: model"],
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found(string origin) => Bug.Check(s_bugs, origin);
}
