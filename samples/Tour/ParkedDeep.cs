using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads.Tour;

// Green threads parked ten frames deep. Each frame holds an object of its own, which nothing but that frame refers to, and numbers that say what
// must be in it. While all are parked the heap is compacted: the collector must find every one of these references in the parked stacks and
// rewrite it. When the green threads go on, each frame checks its object against its numbers on the way up.
internal sealed class ParkedDeep
{
    private const int Frames = 10;
    private const int Rounds = 3;
    private const int CollectionsPerRound = 2;
    private const int DamagesShown = 5;

    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(20);

    private readonly GreenThread[] _threads;
    private readonly CountdownEvent[] _arrivals = new CountdownEvent[Rounds];
    private readonly bool _damage;
    private readonly CancellationToken _stop;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<string> _damaged = [];
    private long _checked;
    private long _moved;

    internal ParkedDeep(int threads, bool damage, CancellationToken stop)
    {
        _threads = new GreenThread[threads];
        _damage = damage;
        _stop = stop;
        for (int round = 0; round < Rounds; round++)
            _arrivals[round] = new CountdownEvent(threads);
    }

    /// <summary>Runs it all from a plain OS thread.</summary>
    internal ParkedFigures Run()
    {
        long memoryBefore = ProcessStatus.MemoryBytes;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < _threads.Length; i++)
        {
            int number = i;
            _threads[i] = GreenThread.Spawn(() => RunThread(number));
        }
        WaitUntilParked(0);
        TimeSpan creation = Stopwatch.GetElapsedTime(start);
        long memory = ProcessStatus.MemoryBytes - memoryBefore;

        int collectionsBefore = GC.CollectionCount(GC.MaxGeneration);
        TimeSpan longest = TimeSpan.Zero;
        for (int round = 0; round < Rounds; round++)
        {
            if (round > 0)
                WaitUntilParked(round);
            for (int i = 0; i < CollectionsPerRound; i++)
            {
                _stop.ThrowIfCancellationRequested();
                long begin = Stopwatch.GetTimestamp();
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
                TimeSpan pause = Stopwatch.GetElapsedTime(begin);
                longest = pause > longest ? pause : longest;
            }
            foreach (GreenThread thread in _threads)
                thread.Unpark();
        }
        int collections = GC.CollectionCount(GC.MaxGeneration) - collectionsBefore;
        foreach (GreenThread thread in _threads)
            thread.Join(_stop);

        lock (_gate)
        {
            // A green thread that checked nothing would look like one without damage.
            long expected = (long)_threads.Length * Frames * Rounds;
            if (_checked != expected)
                _damaged.Add($"{_checked} objects were checked instead of {expected}");
            return new ParkedFigures(_threads.Length, Frames, creation.TotalMilliseconds, (double)memory / _threads.Length, collections,
                longest.TotalMilliseconds, _checked, _moved, _damaged);
        }
    }

    private void WaitUntilParked(int round)
    {
        while (!_arrivals[round].Wait(s_glance, _stop))
        {
            // One that could not get a stack never arrives; its Join says why.
            if (_threads.FirstOrDefault(thread => thread.State == GreenThreadState.Ended) is { } ended)
                ended.Join();
        }
        foreach (GreenThread thread in _threads)
        {
            while (thread.State != GreenThreadState.Parked)
                Thread.Sleep(0);
        }
    }

    private void RunThread(int number)
    {
        var tally = new Tally();
        for (int round = 0; round < Rounds; round++)
            Descend(number, 1, round, tally);
        lock (_gate)
        {
            _checked += tally.Checked;
            _moved += tally.Moved;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Descend(int thread, int depth, int round, Tally tally)
    {
        _ = new byte[100]; // Leaves a hole behind, so that compaction has something to close.
        var mine = new Cell(thread, depth, round);
        nint address = AddressOf(mine);
        if (depth < Frames)
            Descend(thread, depth + 1, round, tally);
        else
            ParkAtTheBottom(round);
        if (_damage && thread == 0 && depth == Frames / 2 && round == 0)
            mine.Damage();

        tally.Checked++;
        if (AddressOf(mine) != address)
            tally.Moved++;
        if (!mine.IsIntact(thread, depth, round))
            Complain($"green thread {thread}, frame {depth}, round {round}: the object holds {mine}");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ParkAtTheBottom(int round)
    {
        _arrivals[round].Signal();
        GreenThread.Park();
    }

    private void Complain(string damage)
    {
        lock (_gate)
        {
            if (_damaged.Count < DamagesShown)
                _damaged.Add(damage);
        }
    }

    // Where it was at this moment; only ever compared.
    private static nint AddressOf(object o) => Unsafe.As<object, nint>(ref o);

    private sealed class Tally
    {
        internal int Checked;
        internal int Moved;
    }

    /// <summary>An object with a second one inside, so that the collector has a path to follow from the frame.</summary>
    private sealed class Cell
    {
        private readonly int _thread;
        private readonly int _depth;
        private readonly int _round;
        private readonly int[] _pattern;

        internal Cell(int thread, int depth, int round)
        {
            _thread = thread;
            _depth = depth;
            _round = round;
            _pattern = new int[4 + depth % 4];
            for (int i = 0; i < _pattern.Length; i++)
                _pattern[i] = PatternOf(thread, depth, round, i);
        }

        internal void Damage() => _pattern[1] ^= 1 << 7;

        internal bool IsIntact(int thread, int depth, int round)
        {
            if (_thread != thread || _depth != depth || _round != round || _pattern.Length != 4 + depth % 4)
                return false;
            for (int i = 0; i < _pattern.Length; i++)
            {
                if (_pattern[i] != PatternOf(thread, depth, round, i))
                    return false;
            }
            return true;
        }

        public override string ToString() => $"thread {_thread}, frame {_depth}, round {_round}, [{string.Join(' ', _pattern.Select(word => $"{word:x8}"))}]";

        private static int PatternOf(int thread, int depth, int round, int index) => ((thread * 31 + depth) * 31 + round) * 31 + index;
    }
}

/// <summary>What came of it.</summary>
internal sealed record ParkedFigures(int Threads, int Frames, double CreationMilliseconds, double BytesPerThread, int Collections,
    double LongestCollectionMilliseconds, long ObjectsChecked, long ObjectsMoved, IReadOnlyList<string> Damaged);
