using System.Runtime.InteropServices;

namespace GreenThreads.Stress;

/// <summary>Somebody who has to get on: if the count stands still for too long, a wake-up was lost.</summary>
/// <param name="name">For the report.</param>
/// <param name="state">What it knows of itself, for the report of a hang.</param>
internal sealed class Party(string name, Func<string>? state = null)
{
    private Counters _counters;

    internal string Name => name;

    internal string State => state?.Invoke() ?? "";

    internal long Count => Volatile.Read(ref _counters.Count);

    /// <summary>How often it was on another scheduler after a park than before.</summary>
    internal long Moved => Volatile.Read(ref _counters.Moved);

    /// <summary>Nothing more is expected of it.</summary>
    internal bool IsDone
    {
        get => Volatile.Read(ref _counters.IsDone);
        set => Volatile.Write(ref _counters.IsDone, value);
    }

    /// <summary>One thread only.</summary>
    internal void Step() => Volatile.Write(ref _counters.Count, _counters.Count + 1);

    /// <summary>Any thread.</summary>
    internal void StepShared() => Interlocked.Increment(ref _counters.Count);

    /// <summary>One thread only.</summary>
    internal void Move() => Volatile.Write(ref _counters.Moved, _counters.Moved + 1);

    // Away from other parties' counters.
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    private struct Counters
    {
        [FieldOffset(64)]
        internal long Count;

        [FieldOffset(72)]
        internal long Moved;

        [FieldOffset(80)]
        internal bool IsDone;
    }
}
