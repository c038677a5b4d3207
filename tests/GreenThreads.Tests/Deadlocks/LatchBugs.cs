namespace GreenThreads.Tests;

/// <summary>Counts of what is to be done that are not right, barriers that one party does not come to, and a once inside itself.</summary>
public sealed class LatchBugs
{
    private static readonly Bug[] s_bugs =
    [
        // Waits inside the loop that starts those it waits for.
        new("moby#25384", static run =>
        {
            GreenLatch group = Latch("group", 2);
            for (int i = 0; i < 2; i++)
            {
                run.Go($"plugin {i}", () => group.Signal());
                group.Wait();
            }
        })
        {
            Waits = ["main: group"],
        },

        // Who drains waits until all have ended; one of them waits for a word that comes after the drain.
        new("cockroach#1055", static run =>
        {
            GreenLatch draining = Latch("draining", 2);
            GreenChannel<int> stopper = BugRun.Channel("stopper");
            run.Go("worker 0", () => draining.Signal());
            run.Go("worker 1", () =>
            {
                stopper.Receive();
                draining.Signal();
            });
            draining.Wait();
            stopper.Complete();
        })
        {
            Waits = ["main: draining", "worker 1: stopper"],
        },

        // The one who is waited for has something to send to the one who waits.
        new("cockroach#1462", static run =>
        {
            GreenLatch stopped = Latch("stopped", 1);
            GreenChannel<int> events = BugRun.Channel("events");
            run.Go("feed", () =>
            {
                events.Send(1);
                stopped.Signal();
            });
            stopped.Wait();
            events.Receive();
        })
        {
            Waits = ["main: stopped", "feed: events"],
        },

        // An exception between the work and the signal.
        new("a signal that is not in a finally block", static run =>
        {
            GreenLatch done = Latch("done", 1);
            run.Go("worker", () =>
            {
                if (done.CurrentCount == 1)
                    throw new InvalidOperationException("before the signal");
                done.Signal();
            });
            done.Wait();
        })
        {
            Throws = [("worker", typeof(InvalidOperationException))],
            Waits = ["main: done"],
        },

        // More signals than were to come: a negative counter.
        new("a signal too many", static run => run.Go("worker", static () =>
        {
            GreenLatch done = Latch("done", 1);
            done.Signal();
            done.Signal();
        }))
        {
            Throws = [("worker", typeof(InvalidOperationException))],
        },

        // One party of a barrier has left in between.
        new("a party that does not come", static run =>
        {
            var phase = new GreenBarrier(3) { Name = "phase" };
            for (int i = 0; i < 3; i++)
            {
                int own = i;
                run.Go($"party {own}", () =>
                {
                    phase.SignalAndWait();
                    if (own != 2)
                        phase.SignalAndWait();
                });
            }
        })
        {
            Waits = ["party 0: phase", "party 1: phase"],
        },

        // What is to be done once asks for itself.
        new("a once inside itself", static run => run.Go("init", static () =>
        {
            var once = new GreenOnce();
            once.Run(() => once.Run(static () => { }));
        }))
        {
            Throws = [("init", typeof(LockRecursionException))],
        },

        // Two that are to be done once, each of which needs the other.
        new("two onces that need each other", static run =>
        {
            GreenOnce config = new() { Name = "config" }, log = new() { Name = "log" };
            int arrived = 0;
            run.Go("reader", () => config.Run(() => Need(log)));
            run.Go("writer", () => log.Run(() => Need(config)));

            void Need(GreenOnce other)
            {
                BugRun.Meet(ref arrived, 2);
                other.Run(static () => { });
            }
        })
        {
            Waits = ["reader: log", "writer: config"],
            Cycle = ["reader", "writer"],
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found_or_throws(string origin) => Bug.Check(s_bugs, origin);

    private static GreenLatch Latch(string name, int count) => new(count) { Name = name };
}
