using System.Diagnostics;
using System.Reflection;

namespace GreenThreads.Tests;

/// <summary>A test of what only switched mode has: stacks, switches, many green threads on few OS threads. Skipped in bound mode, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal class SwitchedFactAttribute : FactAttribute
{
    public SwitchedFactAttribute() => Skip = SwitchedMode.SkipReason;
}

/// <summary>The same, for a test with parameters.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SwitchedTheoryAttribute : TheoryAttribute
{
    public SwitchedTheoryAttribute() => Skip = SwitchedMode.SkipReason;
}

/// <summary>The same, where the kernel must have guards that cost no mappings (Linux 6.13 and later).</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SwitchedFactWithGuardAdviceAttribute : SwitchedFactAttribute
{
    public SwitchedFactWithGuardAdviceAttribute()
    {
        if (Skip is null && Coroutine.Arena.GuardKind != "MADV_GUARD_INSTALL")
            Skip = $"needs MADV_GUARD_INSTALL (Linux 6.13); this kernel is {Environment.OSVersion.Version}";
    }
}

internal static class SwitchedMode
{
    internal static string? SkipReason { get; } = GreenRuntime.Mode == GreenRuntimeMode.Switched ? null : $"needs switched mode; {GreenRuntime.Describe()}";
}

/// <summary>The same, where the library must be compiled for Release: what the collector keeps alive differs in Debug.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SwitchedFactWithOptimizedCodeAttribute : SwitchedFactAttribute
{
    public SwitchedFactWithOptimizedCodeAttribute()
    {
        if (Skip is null && typeof(GreenThread).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
            Skip = "needs a Release build: code compiled for Debug keeps every local alive to the end of its method";
    }
}
