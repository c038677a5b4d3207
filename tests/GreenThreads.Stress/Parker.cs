using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenThreads.Stress;

/// <summary>How one green thread of the pairs world parks: until it is unparked, for a few microseconds at a time, or in a catch block.</summary>
internal sealed class Parker
{
    // Rounds in a catch block before it is left, and entered again wherever the green thread then is.
    private const int Burst = 64;

    // Then it parks until it is unparked: members of a hub at rest must not keep everybody busy.
    private const int TimedAttempts = 3;

    private readonly Random _random;
    private readonly bool _isTimed;
    private readonly bool _isAffine;
    private Counters _counters;

    /// <summary>Chooses how it parks.</summary>
    /// <param name="seed">Of the choice, and of the timeouts.</param>
    /// <param name="isAffine">Always in catch blocks.</param>
    internal Parker(int seed, bool isAffine)
    {
        _random = new Random(seed);
        _isTimed = _random.Next(3) == 0;
        _isAffine = _random.Next(3) == 0 || isAffine;
    }

    internal long Pairs => Volatile.Read(ref _counters.Pairs);

    /// <summary>How often it came back on another scheduler.</summary>
    internal long Moved => Volatile.Read(ref _counters.Moved);

    internal long Timeouts => Volatile.Read(ref _counters.Timeouts);

    /// <summary>How often it unparked one that had run on another scheduler.</summary>
    internal long Crossings => Volatile.Read(ref _counters.Crossings);

    public override string ToString() => $"{(_isTimed ? "timed" : "untimed")}{(_isAffine ? " in catch" : "")}";

    /// <summary>Does something some times, in a catch block if it is one of those.</summary>
    internal void RunBurst(Action round)
    {
        if (!_isAffine)
        {
            Repeat(round);
            return;
        }
        try
        {
            throw new InvalidOperationException("to park in a catch block");
        }
        catch (InvalidOperationException)
        {
            Repeat(round);
        }
    }

    /// <summary>Parks once. The caller looks whether what it waits for is there.</summary>
    /// <param name="attempt">How often it has looked already.</param>
    internal void Park(int attempt)
    {
        GreenThread self = GreenThread.Current!;
        Scheduler? before = self.Scheduler;
        bool isUnparked = true;
        if (_isTimed && attempt < TimedAttempts)
            isUnparked = ParkForMicroseconds(_random.Next(100));
        else
            GreenThread.Park();
        if (isUnparked)
            Volatile.Write(ref _counters.Pairs, _counters.Pairs + 1);
        else
            Volatile.Write(ref _counters.Timeouts, _counters.Timeouts + 1);
        if (self.Scheduler == before)
            return;
        Check.That(!_isAffine, "a park in a catch block came back on another scheduler");
        Volatile.Write(ref _counters.Moved, _counters.Moved + 1);
    }

    /// <summary>Unparks another. Called by the green thread whose parker this is.</summary>
    internal void Unpark(GreenThread other)
    {
        if (other.Scheduler != GreenThread.Current?.Scheduler)
            Volatile.Write(ref _counters.Crossings, _counters.Crossings + 1);
        other.Unpark();
    }

    private static bool ParkForMicroseconds(int microseconds)
    {
        long start = Stopwatch.GetTimestamp();
        if (GreenThread.Park(TimeSpan.FromMicroseconds(microseconds)))
            return true;
        Check.That(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMicroseconds(microseconds), "a timed park ended early");
        return false;
    }

    private static void Repeat(Action round)
    {
        for (int i = 0; i < Burst; i++)
            round();
    }

    // Written by one, read by all: away from others.
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    private struct Counters
    {
        [FieldOffset(64)]
        internal long Pairs;

        [FieldOffset(72)]
        internal long Moved;

        [FieldOffset(80)]
        internal long Timeouts;

        [FieldOffset(88)]
        internal long Crossings;
    }
}
