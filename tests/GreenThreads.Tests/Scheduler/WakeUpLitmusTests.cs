using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>
/// Store buffering around the token: the parker takes a stale token and looks at its condition, the waker stores the condition and wakes. One of
/// the two must see the other. With a plain store in place of the fence in <see cref="ParkState{TAtomics}.TryBeginPark"/> every run loses some.
/// </summary>
public sealed class WakeUpLitmusTests
{
    private Cells _cells;

    [Fact]
    public void A_parker_that_takes_a_stale_token_sees_the_condition_or_finds_the_new_token()
    {
        bool stop = false;
        var waker = new Thread(() =>
        {
            for (int round = 0; !Volatile.Read(ref stop);)
            {
                if (Volatile.Read(ref _cells.Started) == round)
                    continue;
                round = Volatile.Read(ref _cells.Started);
                Delay(round * 7 % 23);
                Volatile.Write(ref _cells.Condition, 1);
                _cells.State.Wake();
                Volatile.Write(ref _cells.Woken, round);
            }
        });
        waker.Start();

        long end = Stopwatch.GetTimestamp() + 2 * Stopwatch.Frequency;
        int lost = 0;
        for (int round = 1; Stopwatch.GetTimestamp() < end; round++)
        {
            _cells.Condition = 0;
            _cells.State = default;
            _cells.State.Wake(); // the stale token
            Volatile.Write(ref _cells.Started, round);
            Delay(round * 13 % 61);
            Assert.False(_cells.State.TryBeginPark());
            bool seen = Volatile.Read(ref _cells.Condition) != 0;
            while (Volatile.Read(ref _cells.Woken) != round)
            {
            }
            // The park after it would sleep, and nobody is left to end it.
            if (!seen && _cells.State.TryBeginPark())
                lost++;
        }
        Volatile.Write(ref stop, true);
        waker.Join();
        Assert.Equal(0, lost);
    }

    private static void Delay(int steps)
    {
        for (; steps > 0; steps--)
            Thread.SpinWait(0);
    }

    // Each on cache lines of its own.
    [StructLayout(LayoutKind.Explicit, Size = 640)]
    private struct Cells
    {
        [FieldOffset(128)]
        internal ParkState State;

        [FieldOffset(256)]
        internal int Condition;

        [FieldOffset(384)]
        internal int Started;

        [FieldOffset(512)]
        internal int Woken;
    }
}
