namespace GreenThreads.Tests;

/// <summary>Selects that miss the case, or the default, that would have let them go on.</summary>
public sealed class SelectBugs
{
    private static readonly Bug[] s_bugs =
    [
        // Without a default: the result is sent to one who has stopped to listen, and the lock is held meanwhile.
        new("kubernetes#1321", static run =>
        {
            GreenMutex watchers = BugRun.Mutex("watchers");
            GreenChannel<int> events = BugRun.Channel("events"), flush = BugRun.Channel("flush");
            run.Go("distribute", () =>
            {
                using (watchers.Lock())
                    Select.Wait(Select.Send(events, 1), Select.Receive(flush));
            });
            run.Go("stop", () =>
            {
                BugRun.UntilWaiting(events);
                using (watchers.Lock())
                    flush.Send(1);
            });
        })
        {
            Waits = ["distribute: events | flush", "stop: watchers"],
            Says = "any of GreenChannel<Int32> \"events\", or GreenChannel<Int32> \"flush\"",
        },

        // The stop channel is none of the cases: who has stopped the loop waits for it to end.
        new("etcd#6857", static run =>
        {
            GreenChannel<int> status = BugRun.Channel("status"), stop = BugRun.Channel("stop");
            run.Go("client", () => status.Receive());
            GreenThread node = run.Go("node", () =>
            {
                while (true)
                    Select.Wait(Select.Send(status, 1));
            });
            BugRun.UntilWaiting(status);
            run.Go("stopper", () => stop.Send(1)).Join();
            node.Join();
        })
        {
            Waits = ["node: status", "stopper: stop", "main: end of stopper"],
            Says = "the end of stopper",
        },

        // All cases are disabled.
        new("select of nothing", static run =>
        {
            GreenChannel<int>? results = null;
            run.Go("collector", () => Select.Wait(results is null ? null : Select.Receive(results), null));
        })
        {
            Waits = ["collector: "],
            Says = "nothing that can happen",
        },

        // One of two inputs ends and its case is disabled; the other never ends.
        new("a case that stays disabled", static run =>
        {
            GreenChannel<int> one = BugRun.Channel("one"), other = BugRun.Channel("other");
            one.Complete();
            run.Go("merge", () =>
            {
                ReceiveCase<int>? fromOne = Select.Receive(one), fromOther = Select.Receive(other);
                while (fromOne is not null || fromOther is not null)
                {
                    int index = Select.Wait(fromOne, fromOther);
                    if (index == 0 && !fromOne!.HasValue)
                        fromOne = null;
                    else if (index == 1 && !fromOther!.HasValue)
                        fromOther = null;
                }
            });
        })
        {
            Waits = ["merge: other"],
        },

        // Two who select each other's wrong direction.
        new("two selects that both send", static run =>
        {
            GreenChannel<int> left = BugRun.Channel("left"), right = BugRun.Channel("right");
            run.Go("one", () => Select.Wait(Select.Send(left, 1), Select.Send(right, 1)));
            run.Go("other", () => Select.Wait(Select.Send(left, 2), Select.Send(right, 2)));
        })
        {
            Waits = ["one: left | right", "other: left | right"],
        },

        // The winner of several leaves the others at their results: main goes on with the first answer.
        new("grpc#660", static run =>
        {
            GreenChannel<int> results = BugRun.Channel("results");
            for (int i = 0; i < 3; i++)
                run.Go($"try {i}", () => results.Send(1));
            BugRun.UntilWaiting(results, 3);
            Assert.Equal(0, Select.Wait(Select.Receive(results)));
            // Who is first is first in the list: 0 on one scheduler, and anybody on more. The last two are taken on.
            results.Receive();
            results.Receive();
            run.Go("late", () => results.Send(1));
        })
        {
            Waits = ["late: results"],
            IsLeak = true,
        },

        // With a time among the cases it is no deadlock, however long that is.
        new("moby#33781", static run =>
        {
            GreenChannel<int> stop = BugRun.Channel("stop");
            run.Go("probe", () => Select.Wait(Select.Receive(stop), Select.After(TimeLimit.Generous)));
        })
        {
            Waits = ["probe: stop"],
            IsSilent = true,
        },

        // Nor with a token that anybody may cancel.
        new("kubernetes#25331", static run =>
        {
            var context = new CancellationTokenSource();
            GreenChannel<int> results = BugRun.Channel("results");
            run.Go("watch", () => Select.Wait(Select.Send(results, 1), Select.Canceled(context.Token)));
        })
        {
            Waits = ["watch: results"],
            IsSilent = true,
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found(string origin) => Bug.Check(s_bugs, origin);
}
