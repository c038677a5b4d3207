using System.Collections.Concurrent;

namespace GreenThreads.Tests;

/// <summary>Trees of supervisors whose children end in every way at random, and drag others along by links.</summary>
public sealed class SupervisionStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void However_children_end_the_right_ones_run_and_nothing_is_left_over(int seed) => new Forest(seed).Run();

    private sealed class Forest(int seed)
    {
        // Ends that children bring about themselves.
        private static readonly int s_tickets = Rounds.Of(120);

        private readonly Random _random = new(seed); // Guarded by itself.
        private readonly GreenRegistry _registry = new();
        private readonly ConcurrentBag<GreenThread> _threads = [];
        private readonly ConcurrentQueue<string> _faults = new();
        private readonly List<Leaf> _leaves = [];
        private int _tickets = s_tickets;
        private int _used;

        internal void Run()
        {
            using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = $"forest {seed}", Seed = seed, LoggerFactory = new RecordingLogger() });
            ChildSpecification[] children = [.. Enumerable.Range(0, 3 + Next(3)).Select(i => Next(2) == 0 ? MakeLeaf($"root/{i}") : MakeBranch($"root/{i}", 2))];
            Supervisor root = Supervisor.Start(new SupervisorOptions { Name = "root", Strategy = NextStrategy(), MaximumRestarts = int.MaxValue, Group = group }, children);
            WaitUntil(() => Volatile.Read(ref _tickets) < 0 && Volatile.Read(ref _used) >= s_tickets, "the tickets are not used up");
            WaitUntil(() => _leaves.TrueForAll(leaf => leaf.Restart != RestartKind.Permanent || leaf.Living == 1), "those that are to run do not");
            foreach (SupervisedChild child in root.Children)
            {
                if (_leaves.Find(leaf => leaf.Name == child.Name) is { } leaf && root.StopChild(child.Name))
                    Assert.Equal(leaf.Starts, root.Children.Single(other => other.Name == child.Name).Restarts + 1);
            }
            root.Shutdown();
            root.Join();

            Assert.Empty(_faults);
            Assert.Empty(root.Unfinished);
            Assert.All(_leaves, leaf => Assert.Equal(0, leaf.Living));
            Assert.All(_threads, thread => Assert.Equal(GreenThreadState.Ended, thread.State));
            WaitUntil(() => _threads.All(thread => thread.Links.Count == 0 && thread.JoinerCount == 0), "links are left over");
            Assert.Equal(0, _registry.EntryCount);
            ShutdownReport report = group.Shutdown(TimeSpan.Zero);
            Assert.True(report.IsComplete);
        }

        private ChildSpecification MakeBranch(string name, int depth)
        {
            var options = new SupervisorOptions { Strategy = NextStrategy(), MaximumRestarts = Next(6), Window = TimeSpan.FromHours(1) };
            ChildSpecification[] children =
                [.. Enumerable.Range(0, 2 + Next(3)).Select(i => depth > 1 && Next(3) == 0 ? MakeBranch($"{name}/{i}", depth - 1) : MakeLeaf($"{name}/{i}"))];
            return ChildSpecification.OfSupervisor(name, options, children);
        }

        private ChildSpecification MakeLeaf(string name)
        {
            var leaf = new Leaf(name, Next(4) == 0 ? RestartKind.Transient : RestartKind.Permanent);
            _leaves.Add(leaf);
            return ChildSpecification.StartedBy(name, () =>
            {
                Interlocked.Increment(ref leaf.Starts);
                GreenThread thread = GreenThread.Spawn(() => RunLeaf(leaf), name);
                _threads.Add(thread);
                return thread;
            }) with { Restart = leaf.Restart, ShutdownTimeout = Timeout.InfiniteTimeSpan };
        }

        private void RunLeaf(Leaf leaf)
        {
            bool hasTicket = Interlocked.Decrement(ref _tickets) >= 0;
            if (Interlocked.Increment(ref leaf.Living) != 1)
                _faults.Enqueue($"{leaf.Name} runs twice");
            try
            {
                _registry.Register(leaf.Name, GreenThread.Current!);
                if (!hasTicket)
                    GreenThread.Park();
                if (_registry.Find(_leaves[Next(_leaves.Count)].Name) is { } other && Next(2) == 0)
                    GreenThread.Link(other);
                for (int i = Next(10); i > 0; i--)
                    GreenThread.Yield();
                End(leaf);
            }
            catch (InvalidOperationException exception)
            {
                _faults.Enqueue($"{leaf.Name}: {exception.Message}"); // The name was not free.
            }
            finally
            {
                Interlocked.Decrement(ref leaf.Living);
                if (hasTicket)
                    Interlocked.Increment(ref _used);
            }
        }

        private void End(Leaf leaf)
        {
            switch (leaf.Restart == RestartKind.Permanent ? Next(4) : 0)
            {
                case 1:
                    return;
                case 2:
                    GreenThread.Current!.Cancel();
                    GreenThread.Yield();
                    break;
                default:
                    throw new FormatException($"{leaf.Name} has crashed");
            }
        }

        private RestartStrategy NextStrategy() => (RestartStrategy)Next(3);

        private int Next(int limit)
        {
            lock (_random)
                return _random.Next(limit);
        }

        private void WaitUntil(Func<bool> condition, string otherwise)
        {
            Deadline limit = Deadline.After(TimeLimit.Generous);
            while (!condition())
            {
                Assert.False(limit.HasPassed, $"{otherwise}: {_tickets} tickets left, {_used} used; {string.Join(", ", _leaves)}; {string.Join("; ", _faults)}");
                Thread.Yield();
            }
        }
    }

    private sealed class Leaf(string name, RestartKind restart)
    {
        internal int Living;
        internal int Starts;

        internal string Name => name;

        internal RestartKind Restart => restart;

        public override string ToString() => $"{name} {restart} living {Living} started {Starts}";
    }
}
