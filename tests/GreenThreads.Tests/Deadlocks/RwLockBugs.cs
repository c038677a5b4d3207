namespace GreenThreads.Tests;

/// <summary>Readers that read once more, or want to write, while they read.</summary>
public sealed class RwLockBugs
{
    private static readonly Bug[] s_bugs =
    [
        // A reader takes the lock for reading again inside. Since a writer has come meanwhile, which goes first, the reader waits for it and it for the reader.
        new("cockroach#6181", static run =>
        {
            GreenRwLock ranges = RwLock("ranges");
            run.Go("reader", () =>
            {
                using (ranges.EnterRead())
                {
                    BugRun.UntilWaiting(ranges);
                    ranges.EnterRead();
                }
            });
            run.Go("writer", () =>
            {
                BugRun.Until(() => ranges.ReaderCount == 1);
                ranges.EnterWrite();
            });
        })
        {
            Waits = ["reader: ranges", "writer: ranges"],
        },

        // The same over two locks: who reads the first holds the second, which the writer's friend needs.
        new("cockroach#3710", static run =>
        {
            GreenRwLock store = RwLock("store");
            GreenMutex raft = BugRun.Mutex("raft");
            run.Go("process", () =>
            {
                using (raft.Lock())
                {
                    BugRun.UntilWaiting(store);
                    store.EnterRead();
                }
            });
            run.Go("log", () =>
            {
                using (store.EnterRead())
                {
                    BugRun.UntilWaiting(store);
                    raft.Lock();
                }
            });
            run.Go("split", () =>
            {
                BugRun.Until(() => store.ReaderCount == 1 && raft.IsLocked);
                store.EnterWrite();
            });
        })
        {
            Waits = ["process: store", "log: raft", "split: store"],
        },

        // One reader in the middle of two reads, and two writers.
        new("kubernetes#62464", static run =>
        {
            GreenRwLock state = RwLock("state");
            run.Go("reconcile", () =>
            {
                using (state.EnterRead())
                {
                    BugRun.UntilWaiting(state, 2);
                    state.EnterRead();
                }
            });
            for (int i = 0; i < 2; i++)
            {
                run.Go($"remove {i}", () =>
                {
                    BugRun.Until(() => state.ReaderCount == 1);
                    state.EnterWrite();
                });
            }
        })
        {
            Waits = ["reconcile: state", "remove 0: state", "remove 1: state"],
        },

        // Wants to write what it reads: it would have to leave first.
        new("syncthing#4829", static run =>
        {
            GreenRwLock mappings = RwLock("mappings");
            run.Go("clear", () =>
            {
                using (mappings.EnterRead())
                    mappings.EnterWrite();
            });
        })
        {
            Waits = ["clear: mappings"],
        },

        // Reads what it writes: it has the lock already, which it can be told.
        new("hugo#5379", static run => run.Go("render", static () =>
        {
            GreenRwLock content = RwLock("content");
            using (content.EnterWrite())
                content.EnterRead();
        }))
        {
            Throws = [("render", typeof(LockRecursionException))],
        },
    ];

    public static TheoryData<string> Origins => Bug.OriginsOf(s_bugs);

    [Theory]
    [MemberData(nameof(Origins))]
    public void Is_found_or_throws(string origin) => Bug.Check(s_bugs, origin);

    private static GreenRwLock RwLock(string name) => new() { Name = name };
}
