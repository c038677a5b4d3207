namespace GreenThreads.Tests;

/// <summary>Conditions that nobody notifies, or did too early.</summary>
public sealed class ConditionBugs
{
    private static readonly Bug[] s_bugs =
    [
        // A plug-in that fails never says so to those who wait for it to be ready.
        new("moby#30408", static run =>
        {
            var ready = new GreenCondition(BugRun.Mutex("plugin")) { Name = "ready" };
            for (int i = 0; i < 2; i++)
                run.Go($"user {i}", () => WaitFor(ready, static () => false));
            GreenThread activate = run.Go("activate", static () => throw new InvalidOperationException("and nobody is notified"));
            BugRun.Until(() => activate.State == GreenThreadState.Ended);
        })
        {
            Waits = ["user 0: ready", "user 1: ready"],
        },

        // The state is changed and the notification forgotten: who waits does not look again.
        new("moby#29733", static run =>
        {
            var ready = new GreenCondition(BugRun.Mutex("handlers")) { Name = "ready" };
            bool isReady = false;
            run.Go("get", () => WaitFor(ready, () => isReady));
            BugRun.UntilWaiting(ready);
            using (ready.Mutex.Lock())
                isReady = true;
        })
        {
            Waits = ["get: ready"],
        },

        // A notification comes before the one who waits, who does not ask whether there is anything to wait for.
        new("kubernetes#11298", static run =>
        {
            var started = new GreenCondition(BugRun.Mutex("gate")) { Name = "started" };
            using (started.Mutex.Lock())
                started.NotifyAll();
            run.Go("watcher", () =>
            {
                using (started.Mutex.Lock())
                    started.Wait();
            });
        })
        {
            Waits = ["watcher: started"],
        },

        // One notification for two who wait, each of whom would have passed it on.
        new("moby#27782", static run =>
        {
            var closed = new GreenCondition(BugRun.Mutex("log")) { Name = "closed" };
            GreenChannel<int> events = BugRun.Channel("events");
            run.Go("follow", () =>
            {
                WaitFor(closed, () => false);
                events.Send(1);
            });
            run.Go("watch", () => events.Receive());
            BugRun.UntilWaiting(closed);
            using (closed.Mutex.Lock())
                closed.NotifyOne();
        })
        {
            Waits = ["follow: closed", "watch: events"],
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found(string origin) => Bug.Check(s_bugs, origin);

    private static void WaitFor(GreenCondition condition, Func<bool> isSo)
    {
        using (condition.Mutex.Lock())
        {
            while (!isSo())
                condition.Wait();
        }
    }
}
