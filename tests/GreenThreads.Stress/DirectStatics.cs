using System.Runtime.CompilerServices;

namespace GreenThreads.Stress;

/// <summary>
/// Thread statics of classes that are so small that the runtime would put them into the OS thread's own block, where a compiled address
/// would not follow a migrating green thread (DESIGN.md §2 rule 6). The library must have used up that room before.
/// </summary>
internal sealed class DirectStatics(int id)
{
    internal void Store()
    {
        OneByte.t_value = (byte)id;
        TwoBytes.t_value = (short)id;
        FourBytes.t_value = id;
        EightBytes.t_value = id * 3L;
    }

    // One method that keeps the addresses over a pause would be the fault's shape; comparing each round finds its traces.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Compare() => Check.That(
        OneByte.t_value == (byte)id && TwoBytes.t_value == (short)id && FourBytes.t_value == id && EightBytes.t_value == id * 3L, "a small thread static");

    private static class OneByte
    {
        [ThreadStatic]
        internal static byte t_value;
    }

    private static class TwoBytes
    {
        [ThreadStatic]
        internal static short t_value;
    }

    private static class FourBytes
    {
        [ThreadStatic]
        internal static int t_value;
    }

    private static class EightBytes
    {
        [ThreadStatic]
        internal static long t_value;
    }
}
