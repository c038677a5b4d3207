using System.Diagnostics.CodeAnalysis;

namespace GreenThreads.Stress;

internal static class Check
{
    internal static void That([DoesNotReturnIf(false)] bool condition, string what)
    {
        if (!condition)
            throw new DamageException(what);
    }
}

internal sealed class DamageException(string what) : Exception($"damaged: {what}");
