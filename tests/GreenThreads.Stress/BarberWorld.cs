using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Sleeping barbers. A shop has some barbers, who wait for customers by a semaphore, and some chairs, which are another one; who finds none
/// goes away, and some who wait lose patience. Whoever was called is cut exactly once, and in the evening the books are right: visits, cuts,
/// chairs, signals. A lost wake-up is a shop that stands still.
/// </summary>
internal sealed class BarberWorld : World
{
    private const int Barbers = 2;
    private const int Chairs = 3;
    private const int Customers = 8;
    private const int Visits = 100; // of each, in one day

    private GroupRun? _run;
    private long _days;
    private long _turnedAway;
    private long _leftEarly;

    internal override string Name => "barber";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{Parties.Sum(static party => party.Count)} cuts in {Volatile.Read(ref _days)} days, "
        + $"{Volatile.Read(ref _turnedAway)} customers turned away, {Volatile.Read(ref _leftEarly)} left early, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int count = Math.Max(1, options.Threads / (Barbers + Customers));
        var shops = new Shop?[count];
        var parties = new Party[count];
        for (int i = 0; i < count; i++)
        {
            int index = i;
            parties[i] = new Party($"shop {i}", () => shops[index]?.ToString() ?? "");
        }
        Parties = parties;
        GreenThread[] owners = [.. Enumerable.Range(0, count).Select(i => _run.Group.Spawn(() => Guard($"shop {i}", () =>
        {
            var random = new Random(seed + i);
            do
            {
                Shop shop = shops[i] = new Shop(this, parties[i], hasOsThread: i % 4 == 0);
                shop.RunDay(random);
                Interlocked.Increment(ref _days);
            }
            while (Stopwatch.GetTimestamp() < end);
            parties[i].IsDone = true;
        })))];
        foreach (GreenThread owner in owners)
            owner.Join();
        _run.End();
    }

    private sealed class Shop(BarberWorld world, Party party, bool hasOsThread)
    {
        private readonly GreenSemaphore _chairs = new(Chairs, Chairs);
        private readonly GreenSemaphore _ready = new(0);
        private readonly GreenMutex _book = new();
        private readonly Queue<Visit> _queue = new(); // Guarded by the book, as all counters.
        private bool _isClosed;
        private int _cuts;
        private int _served;
        private int _turnedAway;
        private int _leftEarly;

        public override string ToString() => $"{_chairs.CurrentCount} chairs, {_ready.CurrentCount} signals, {_ready.WaiterCount} barbers sleep, {_queue.Count} customers wait, "
            + $"book owned by {_book.Owner}, {_book.WaiterCount} wait for it";

        internal void RunDay(Random random)
        {
            int[] seeds = [.. Enumerable.Range(0, Barbers + Customers).Select(_ => random.Next())];
            GreenThread[] barbers = [.. Enumerable.Range(0, Barbers).Select(i => GreenThread.Spawn(() => world.Guard($"barber {i}", () => Cut(seeds[i]))))];
            Thread? osThread = hasOsThread ? new Thread(() => world.Guard("customer 0", () => Come(seeds[Barbers]))) : null;
            osThread?.Start();
            GreenThread[] customers = [.. Enumerable.Range(osThread is null ? 0 : 1, osThread is null ? Customers : Customers - 1)
                .Select(i => GreenThread.Spawn(() => world.Guard($"customer {i}", () => Come(seeds[Barbers + i]))))];
            foreach (GreenThread customer in customers)
                customer.Join();
            osThread?.Join();
            using (_book.Lock())
                _isClosed = true;
            _ready.Release(Barbers);
            foreach (GreenThread barber in barbers)
                barber.Join();
            Check.That(_cuts == _served, $"{_cuts} cuts and {_served} customers served");
            Check.That(_served + _turnedAway + _leftEarly == Customers * Visits, $"{_served} served, {_turnedAway} turned away, {_leftEarly} left early");
            Check.That(_chairs.CurrentCount == Chairs, $"{_chairs.CurrentCount} free chairs");
            Check.That(_ready.CurrentCount == 0 && _ready.WaiterCount == 0, $"{_ready.CurrentCount} signals left");
            Interlocked.Add(ref world._turnedAway, _turnedAway);
            Interlocked.Add(ref world._leftEarly, _leftEarly);
        }

        private void Cut(int seed)
        {
            var random = new Random(seed);
            while (true)
            {
                _ready.Wait();
                Visit? visit;
                using (_book.Lock())
                {
                    if (!_queue.TryDequeue(out visit))
                    {
                        Check.That(_isClosed, "a signal without a customer");
                        return;
                    }
                    visit.IsCalled = !visit.HasLeft;
                }
                _chairs.Release();
                if (!visit.IsCalled)
                    continue;
                Pause(random);
                visit.Cuts++;
                using (_book.Lock())
                    _cuts++;
                party.StepShared();
                visit.Done.Release();
            }
        }

        private void Come(int seed)
        {
            var random = new Random(seed);
            for (int i = 0; i < Visits; i++)
            {
                Pause(random);
                bool hasChair = random.Next(2) == 0 ? _chairs.TryWait() : _chairs.TryWait(TimeSpan.FromMicroseconds(random.Next(100)));
                if (!hasChair)
                {
                    using (_book.Lock())
                        _turnedAway++;
                    continue;
                }
                var visit = new Visit();
                using (_book.Lock())
                    _queue.Enqueue(visit);
                _ready.Release();
                bool isServed = WaitForCut(visit, random);
                Check.That(visit.Cuts == (isServed ? 1 : 0), $"cut {visit.Cuts} times");
                using (_book.Lock())
                    (isServed ? ref _served : ref _leftEarly)++;
            }
        }

        private bool WaitForCut(Visit visit, Random random)
        {
            if (random.Next(4) != 0)
            {
                visit.Done.Wait();
                return true;
            }
            if (visit.Done.TryWait(TimeSpan.FromMicroseconds(random.Next(100))))
                return true;
            using (_book.Lock())
            {
                visit.HasLeft = !visit.IsCalled;
                if (visit.HasLeft)
                    return false;
            }
            visit.Done.Wait(); // It was called in that moment.
            return true;
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

    private sealed class Visit
    {
        internal GreenSemaphore Done { get; } = new(0);

        // Guarded by the shop's book.
        internal bool IsCalled { get; set; }
        internal bool HasLeft { get; set; }

        // The barber's, and after Done the customer's.
        internal int Cuts { get; set; }
    }
}
