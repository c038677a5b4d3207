using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>
/// Samples of threads that run, park, throw, sleep and call native code, while others collect. Which answer comes is a matter of luck; that no
/// answer names a frame that cannot be there is not: the calls of the bodies follow a grammar, and every answer must be a sentence of it.
/// </summary>
public sealed partial class ManagedFramesStressTests
{
    private const int Samples = 3000;
    private const int OfEachKind = 200;

    private static readonly string s_class = typeof(ManagedFramesStressTests).FullName!;

    private static volatile bool s_ends;

    [ThreadStatic]
    private static Walker? t_walker;

    [SwitchedFact]
    public void No_answer_names_a_frame_that_cannot_be_there()
    {
        s_ends = false;
        var watched = new WatchedThread?[3];
        Task[] tasks =
        [
            // Parks and goes on all the time; the others compute, throw, sleep and call back.
            TestCarrier.Start(carrier => Carry(carrier, watched, 0, parks: true)),
            TestCarrier.Start(carrier => Carry(carrier, watched, 1, parks: false)),
            TestCarrier.Start(carrier => Carry(carrier, watched, 2, parks: false)),
            OsThreads.Start(Collect),
        ];
        var counts = new int[3];
        try
        {
            Assert.True(SpinWait.SpinUntil(() => Array.TrueForAll(watched, static one => one is not null), TimeLimit.Generous));
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Samples || (counts.Min() < OfEachKind && Stopwatch.GetElapsedTime(start) < TimeLimit.Generous); i++)
            {
                WatchedThread one = watched[i % watched.Length]!;
                counts[0] += Check(one.OfComputing());
                counts[1] += Check(one.OfNative());
                counts[2] += Check(one.OfParked());
            }
        }
        finally
        {
            s_ends = true;
            Task.WhenAll(tasks).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        }
        Assert.True(counts.Min() >= OfEachKind, $"{counts[0]} computing, {counts[1]} in native code, {counts[2]} parked");
    }

    // Of the bodies' methods, from the base up: Run, then Even and Odd in turn, a leaf at the end. What is not theirs may stand anywhere in between.
    private static int Check(IReadOnlyList<string>? names)
    {
        if (names is null)
            return 0;
        string text = string.Join(", ", names);
        // A catch block that is being entered or left is one more frame of its method, with the runtime's exception handling below it.
        bool isAtCatch = names.Count > 1 && names[1] == ManagedFrames.Native && names[0].StartsWith($"{s_class}.Walker.", StringComparison.Ordinal);
        // A finally block that is entered or left without an exception is called by its own method, and has no frame pointer of its own just then.
        bool isAtFinally = names.Count > 1 && names[0] == names[1] && names[0] == $"{s_class}.Walker.Odd";
        string[] own = [.. names.Skip(isAtCatch || isAtFinally ? 1 : 0).Where(static name => name.StartsWith(s_class, StringComparison.Ordinal)).Select(static name => name[(s_class.Length + 1)..]).Reverse()];
        bool isWhole = names[^1] != ManagedFrames.More;
        if (isWhole)
            Assert.Equal("GreenThreads.ContextSwitch.Entry", names[^1]);
        int i = 0;
        // The lambda and Carry's closure.
        while (i < own.Length && own[i].Contains('<', StringComparison.Ordinal))
            i++;
        if (i < own.Length && (isWhole || own[i] == "Walker.Run"))
            Assert.True(own[i++] == "Walker.Run", text);
        // In the moment in which its loop is replaced by optimised code, there are two.
        if (i < own.Length && own[i] == "Walker.Run")
            i++;
        string? last = null;
        for (; i < own.Length; i++)
        {
            bool fits = own[i] switch
            {
                "Walker.Even" => last is null or "Walker.Odd",
                "Walker.Odd" => last is "Walker.Even" || (!isWhole && last is null),
                "Walker.FromCallback" => last is "Compare" || (!isWhole && last is null),
                "Walker.Leaf" => last is "Walker.Even" or "Walker.Odd" or "Walker.FromCallback" || (!isWhole && last is null),
                "Walker.Small" => last is "Walker.Leaf",
                "qsort" => last is "Walker.Odd" || (!isWhole && last is null),
                "Compare" => last is "qsort" or "Walker.Odd" || (!isWhole && last is null),
                "usleep" => last is "Walker.Leaf",
                _ => false,
            };
            Assert.True(fits, $"{own[i]} after {last} in {text}");
            last = own[i];
        }
        return 1;
    }

    private static void Carry(TestCarrier carrier, WatchedThread?[] watched, int index, bool parks)
    {
        Coroutine coroutine = carrier.Create(() =>
        {
            watched[index] = WatchedThread.Current;
            new Walker(index, parks).Run();
        });
        while (!coroutine.IsIdle)
        {
            carrier.Resume(coroutine);
            if (parks)
                usleep(100);
        }
    }

    private static void Collect()
    {
        var random = new Random(7);
        while (!s_ends)
        {
            GC.Collect(random.Next(3), GCCollectionMode.Forced, blocking: true, compacting: true);
            SpinWait.SpinUntil(static () => s_ends, random.Next(1, 5));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int Compare(int* a, int* b)
    {
        t_walker!.FromCallback();
        return *a - *b;
    }

    [LibraryImport("libc")]
    private static unsafe partial void qsort(int* first, nint count, nint size, delegate* unmanaged[Cdecl]<int*, int*, int> compare);

    [LibraryImport("libc")]
    private static partial int usleep(uint microseconds);

    private sealed class Walker(int seed, bool parks)
    {
        private readonly Random _random = new(seed);
        private int _depthOfCallback;
        private object? _garbage;
        private long _sum;

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal void Run()
        {
            t_walker = this;
            while (!s_ends)
            {
                try
                {
                    Even(_random.Next(12));
                }
                catch (InvalidOperationException)
                {
                    _sum++;
                }
            }
        }

        // No exception may leave it: there is native code below.
        [MethodImpl(MethodImplOptions.NoInlining)]
        internal void FromCallback()
        {
            try
            {
                Leaf(_depthOfCallback);
            }
            catch (InvalidOperationException)
            {
                _sum++;
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Even(int depth)
        {
            if (depth <= 0)
                Leaf(depth);
            else
                Odd(depth - 1);
            _sum++;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private unsafe void Odd(int depth)
        {
            int* numbers = stackalloc int[2 + depth];
            switch (_random.Next(8))
            {
                case 0:
                    try
                    {
                        Even(depth - 1);
                        throw new ArgumentException("");
                    }
                    catch (ArgumentException)
                    {
                        Even(depth - 1);
                    }
                    break;
                case 1:
                    try
                    {
                        Even(depth - 1);
                    }
                    finally
                    {
                        Leaf(depth);
                    }
                    break;
                case 2:
                    _depthOfCallback = depth;
                    (numbers[0], numbers[1]) = (2, 1);
                    qsort(numbers, 2, sizeof(int), &Compare);
                    break;
                default:
                    Even(depth - 1);
                    break;
            }
            _sum++;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Leaf(int depth)
        {
            switch (_random.Next(24))
            {
                case 0:
                    throw new InvalidOperationException();
                case 1:
                    usleep((uint)_random.Next(300));
                    break;
                case 2 when parks:
                    Coroutine.Current!.Suspend();
                    break;
                case 3:
                    _garbage = new byte[_random.Next(4000)];
                    break;
                default:
                    for (int i = _random.Next(3000); i > 0; i--)
                        _sum += Small(i + depth);
                    break;
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private long Small(int x) => x * 5 + (_garbage is null ? 1 : 2);
    }
}
