using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Dining philosophers. Each needs the forks at both sides, which are mutexes, and takes the one with the lower number first, so that a
/// circle of waiting cannot come about. Some lose patience with the second one and put the first back; at every fourth table one is an OS
/// thread. A fork knows who uses it, and how often it was used. A lost wake-up is a table that stands still.
/// </summary>
internal sealed class PhilosophersWorld : World
{
    private const int Seats = 5;
    private const int Meals = 200; // of each, in one dinner

    private GroupRun? _run;
    private long _dinners;
    private long _putBack;

    internal override string Name => "philosophers";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{Parties.Sum(static party => party.Count)} meals in {Volatile.Read(ref _dinners)} dinners, "
        + $"{Volatile.Read(ref _putBack)} forks put back, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int count = Math.Max(1, options.Threads / Seats);
        var tables = new Table?[count];
        var parties = new Party[count];
        for (int i = 0; i < count; i++)
        {
            int index = i;
            parties[i] = new Party($"table {i}", () => tables[index]?.ToString() ?? "");
        }
        Parties = parties;
        GreenThread[] hosts = [.. Enumerable.Range(0, count).Select(i => _run.Group.Spawn(() => Guard($"table {i}", () =>
        {
            var random = new Random(seed + i);
            do
            {
                Table table = tables[i] = new Table(this, parties[i], hasOsThread: i % 4 == 0);
                table.Dine(random);
                Interlocked.Increment(ref _dinners);
            }
            while (Stopwatch.GetTimestamp() < end);
            parties[i].IsDone = true;
        })))];
        foreach (GreenThread host in hosts)
            host.Join();
        _run.End();
    }

    private sealed class Table(PhilosophersWorld world, Party party, bool hasOsThread)
    {
        private readonly Fork[] _forks = [.. Enumerable.Range(0, Seats).Select(static _ => new Fork())];
        private readonly int[] _meals = new int[Seats];

        public override string ToString() =>
            string.Join("; ", _forks.Select(static (fork, i) => $"fork {i} used by {fork.User}, owned by {fork.Mutex.Owner}, {fork.Mutex.WaiterCount} wait"));

        internal void Dine(Random random)
        {
            int[] seeds = [.. Enumerable.Range(0, Seats).Select(_ => random.Next())];
            Thread? osThread = hasOsThread ? new Thread(() => world.Guard("philosopher 0", () => Live(0, seeds[0]))) : null;
            osThread?.Start();
            GreenThread[] others = [.. Enumerable.Range(osThread is null ? 0 : 1, osThread is null ? Seats : Seats - 1)
                .Select(seat => GreenThread.Spawn(() => world.Guard($"philosopher {seat}", () => Live(seat, seeds[seat]))))];
            foreach (GreenThread other in others)
                other.Join();
            osThread?.Join();
            for (int i = 0; i < Seats; i++)
            {
                Fork fork = _forks[i];
                Check.That(_meals[i] == Meals, $"{_meals[i]} meals of philosopher {i}");
                Check.That(fork.Uses == 2 * Meals, $"{fork.Uses} uses of fork {i}");
                Check.That(!fork.Mutex.IsLocked && fork.Mutex.WaiterCount == 0 && fork.Mutex.OwnerForTools is null, $"fork {i} is free");
            }
        }

        private void Live(int seat, int seed)
        {
            var random = new Random(seed);
            int right = (seat + 1) % Seats;
            Fork first = _forks[Math.Min(seat, right)];
            Fork second = _forks[Math.Max(seat, right)];
            while (_meals[seat] < Meals)
            {
                using (first.Mutex.Lock())
                {
                    if (random.Next(4) != 0)
                        second.Mutex.Lock();
                    else if (!second.Mutex.TryLock(TimeSpan.FromMicroseconds(random.Next(50))))
                    {
                        Interlocked.Increment(ref world._putBack);
                        continue;
                    }
                    try
                    {
                        Eat(first, second, seat, random);
                    }
                    finally
                    {
                        second.Mutex.Unlock();
                    }
                }
                Pause(random);
            }
        }

        private void Eat(Fork first, Fork second, int seat, Random random)
        {
            first.Take(seat);
            second.Take(seat);
            Pause(random);
            first.PutDown(seat);
            second.PutDown(seat);
            _meals[seat]++;
            party.StepShared();
        }

        private static void Pause(Random random)
        {
            int kind = random.Next(16);
            if (kind == 0)
                GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(100)));
            else if (kind < 8)
                GreenThread.Yield();
        }
    }

    // Plain fields, guarded by the mutex.
    private sealed class Fork
    {
        internal GreenMutex Mutex { get; } = new();

        internal int User { get; private set; } = -1;

        internal int Uses { get; private set; }

        internal void Take(int seat)
        {
            Check.That(User == -1, $"{User} uses the fork that {seat} has taken");
            User = seat;
        }

        internal void PutDown(int seat)
        {
            Check.That(User == seat, $"{User} uses the fork of {seat}");
            User = -1;
            Uses++;
        }
    }
}
