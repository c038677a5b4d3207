using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

// Where coroutines park and compute.
public sealed partial class ManagedFramesTests
{
    private static readonly Dictionary<string, Action> s_places = new()
    {
        ["nested methods"] = static () => Outer(5, ParkHere),
        ["a generic class"] = static () => new Holder<string>().Call<int>(ParkHere),
        ["a catch block"] = static () => InCatch(ParkHere),
        ["a nested catch block"] = static () => InCatch(static () => InCatch(ParkHere)),
        ["a finally block"] = static () => InFinally(ParkHere),
        ["a static constructor"] = static () => WithStaticConstructor.Touch(),
        ["reflection"] = static () => typeof(ManagedFramesTests).GetMethod(nameof(ByReflection))!.Invoke(null, null),
        ["a callback of native code"] = static () => InCallback(ParkHere),
        ["a callback in a callback"] = static () => InCallback(static () => InCatch(static () => InCallback(ParkHere))),
        ["a sort comparer"] = static () => InComparer(ParkHere),
        ["much on the stack"] = static () => WithMuchOnTheStack(100, ParkHere),
    };

    private static readonly Dictionary<string, Action> s_loops = new()
    {
        ["a loop"] = Loop,
        ["a loop that was replaced while it ran"] = LongLoop,
        ["a loop in a catch block"] = static () => InCatch(Loop),
        ["a loop in a callback of native code"] = static () => InCallback(Loop),
        ["a loop in a generic method"] = static () => new Holder<string>().Call<int>(Loop),
    };

    [ThreadStatic]
    private static Action? t_callback;

    public static void ByReflection() => ParkHere();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Outer(int depth, Action body)
    {
        if (depth > 0)
            Outer(depth - 1, body);
        else
            body();
        s_sum++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TResult? Generic<T, TResult>(T value)
    {
        ParkHere();
        GC.KeepAlive(value);
        return default;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Loop()
    {
        Note();
        while (!s_ends)
        {
        }
    }

    // Long enough for the compiler to replace it by optimised code, in the middle of it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LongLoop()
    {
        long sum = 0;
        for (int i = 0; i < 200_000_000 && (i < 1_000_000 || s_watched is null || !s_ends); i++)
        {
            sum += i * 7 % 13;
            if (i == 1_000_000)
                Note();
            if (i == 199_000_000 && !s_ends)
                i = 2_000_000;
        }
        s_sum += sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CallSmallMethods()
    {
        Note();
        while (!s_ends)
            s_sum += SmallCaller(s_sum) + SmallLeaf(s_sum);
    }

    // One call and no loop: the compiler gives such a method no frame pointer.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long SmallCaller(long x) => SmallLeaf(x) + x;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long SmallLeaf(long x) => x * 3 + 1;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void InCatch(Action body)
    {
        try
        {
            throw new InvalidOperationException();
        }
        catch (InvalidOperationException)
        {
            body();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void InFinally(Action body)
    {
        try
        {
            try
            {
                throw new InvalidOperationException();
            }
            finally
            {
                body();
            }
        }
        catch (InvalidOperationException)
        {
            s_sum++;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void InComparer(Action body)
    {
        int[] numbers = [3, 1];
        Array.Sort(numbers, (a, b) =>
        {
            body();
            return a.CompareTo(b);
        });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void InCallback(Action body)
    {
        int[] numbers = [2, 1];
        t_callback = body;
        fixed (int* first = numbers)
            qsort(first, 2, sizeof(int), &Compare);
    }

    // Frames of every size, one of them with a stack pointer that moves.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void WithMuchOnTheStack(int depth, Action body)
    {
        byte* bytes = stackalloc byte[depth];
        bytes[0] = 1;
        if (depth > 10)
            WithMuchOnTheStack(depth / 2, body);
        else
            WithLargeFrame(body);
        s_sum += bytes[0];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WithLargeFrame(Action body)
    {
        LargeStruct large = default;
        Fill(ref large);
        body();
        s_sum += large[7];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(ref LargeStruct large) => large[7] = 7;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int Compare(int* a, int* b)
    {
        t_callback!();
        return *a - *b;
    }

    [LibraryImport("libc")]
    private static unsafe partial void qsort(int* first, nint count, nint size, delegate* unmanaged[Cdecl]<int*, int*, int> compare);

    [InlineArray(2048)]
    private struct LargeStruct
    {
        private byte _first;
    }

    private sealed class Holder<T>
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        internal void Call<TOther>(Action body)
        {
            body();
            GC.KeepAlive(typeof(T) == typeof(TOther) ? this : null);
        }
    }

    private static class WithStaticConstructor
    {
        private static readonly int s_value;

        static WithStaticConstructor()
        {
            ParkHere();
            s_value = 1;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static void Touch() => s_sum += s_value;
    }
}
