namespace GreenThreads.Tests;

/// <summary>Channels that nobody receives from, or sends to, or completes.</summary>
public sealed class ChannelBugs
{
    private static readonly Bug[] s_bugs =
    [
        // Room for one, and two are sent before the receiver is started.
        new("cockroach#24808", static run =>
        {
            GreenChannel<int> compactions = BugRun.Channel("compactions", 1);
            compactions.Send(1);
            compactions.Send(2);
            run.Go("compactor", () => compactions.Receive());
        })
        {
            Waits = ["main: compactions"],
        },

        // Nobody completes the channel of a check that is skipped.
        new("cockroach#25456", static run =>
        {
            GreenChannel<int> consistency = BugRun.Channel("consistency");
            consistency.Receive();
        })
        {
            Waits = ["main: consistency"],
        },

        // Two event loops send to each other, and neither receives meanwhile.
        new("cockroach#2448", static run =>
        {
            GreenChannel<int> requests = BugRun.Channel("requests"), events = BugRun.Channel("events");
            run.Go("multiraft", () =>
            {
                events.Send(1);
                requests.Receive();
            });
            run.Go("store", () =>
            {
                requests.Send(1);
                events.Receive();
            });
        })
        {
            Waits = ["multiraft: events", "store: requests"],
        },

        // A ring of three: each wants to pass on before it takes.
        new("circular wait over channels", static run =>
        {
            GreenChannel<int>[] ring = [.. Enumerable.Range(0, 3).Select(static i => BugRun.Channel($"channel {i}"))];
            for (int i = 0; i < 3; i++)
            {
                int own = i;
                run.Go($"stage {own}", () =>
                {
                    ring[(own + 1) % 3].Send(own);
                    ring[own].Receive();
                });
            }
        })
        {
            Waits = ["stage 0: channel 1", "stage 1: channel 2", "stage 2: channel 0"],
        },

        // The result of a request whose client has given up.
        new("kubernetes#5316", static run =>
        {
            GreenChannel<int> result = BugRun.Channel("result");
            bool hasGivenUp = false;
            run.Go("request", () =>
            {
                BugRun.Until(() => Volatile.Read(ref hasGivenUp));
                result.Send(1);
            });
            Assert.False(result.TryReceive(out _, TimeSpan.FromMilliseconds(1)));
            Volatile.Write(ref hasGivenUp, true);
        })
        {
            Waits = ["request: result"],
            IsLeak = true,
        },

        // The one who reports an error, after the other one whose error was enough.
        new("moby#33293", static run =>
        {
            GreenChannel<int> errors = BugRun.Channel("errors");
            run.Go("stdin", () => errors.Send(1));
            run.Go("stdout", () =>
            {
                BugRun.UntilWaiting(errors);
                errors.Send(2);
            });
            BugRun.UntilWaiting(errors, 2);
            Assert.Equal(1, errors.Receive());
        })
        {
            Waits = ["stdout: errors"],
            IsLeak = true,
        },

        // Whoever produces goes on after the consumer has left.
        new("kubernetes#38669", static run =>
        {
            GreenChannel<int> events = BugRun.Channel("events", 2);
            run.Go("consumer", () => events.Receive());
            for (int i = 0; i < 2; i++)
            {
                run.Go($"producer {i}", () =>
                {
                    while (true)
                        events.Send(1);
                });
            }
        })
        {
            Waits = ["producer 0: events", "producer 1: events"],
        },

        // A consumer that iterates, and a producer that ends without completing the channel.
        new("kubernetes#70277", static run =>
        {
            GreenChannel<int> ticks = BugRun.Channel("ticks");
            run.Go("poller", () =>
            {
                ticks.Send(1);
                ticks.Send(2);
            });
            foreach (int _ in ticks)
            {
            }
        })
        {
            Waits = ["main: ticks"],
        },

        // The same for two stages: the first completes its channel, the second forgets to.
        new("grpc#1424", static run =>
        {
            GreenChannel<int> addresses = BugRun.Channel("addresses"), connections = BugRun.Channel("connections");
            run.Go("watcher", () =>
            {
                foreach (int address in addresses)
                    connections.Send(address);
            });
            run.Go("balancer", () =>
            {
                addresses.Send(1);
                addresses.Complete();
            });
            Assert.Equal(1, connections.Receive());
            connections.Receive();
        })
        {
            Waits = ["main: connections"],
        },

        // The loop that serves requests closes what it serves, which waits until the loop has ended.
        new("syncthing#5795", static run =>
        {
            GreenChannel<int> closed = BugRun.Channel("closed");
            run.Go("dispatcher", () =>
            {
                Close();
                closed.Send(1);
            });
            Close();

            void Close() => closed.Receive();
        })
        {
            Waits = ["dispatcher: closed", "main: closed"],
        },

        // More that send than there is room for, none that receives any more.
        new("cockroach#35931", static run =>
        {
            GreenChannel<int> rows = BugRun.Channel("rows", 2);
            for (int i = 0; i < 3; i++)
                rows.Send(i);
        })
        {
            Waits = ["main: rows"],
        },

        // Sends into a channel that was completed: throws here as it panics there.
        new("send after close", static run =>
        {
            GreenChannel<int> done = BugRun.Channel("done");
            done.Complete();
            done.Send(1);
        })
        {
            Throws = [("main", typeof(System.Threading.Channels.ChannelClosedException))],
        },

        // Completes it twice.
        new("close of a closed channel", static run =>
        {
            GreenChannel<int> done = BugRun.Channel("done");
            done.Complete();
            done.Complete();
        })
        {
            Throws = [("main", typeof(System.Threading.Channels.ChannelClosedException))],
        },

        // Whoever waits for a context that nobody cancels. Anybody might, so there is no report.
        new("cockroach#13755", static run =>
        {
            var context = new CancellationTokenSource();
            GreenChannel<int> rows = BugRun.Channel("rows");
            run.Go("awaitDone", () => rows.Receive(context.Token));
        })
        {
            Waits = ["awaitDone: rows"],
            IsSilent = true,
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found(string origin) => Bug.Check(s_bugs, origin);
}
