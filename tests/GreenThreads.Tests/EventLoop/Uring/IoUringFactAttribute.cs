namespace GreenThreads.Tests;

/// <summary>A test of what only io_uring has. Skipped with the reason where the kernel does not allow it, and in bound mode, which has no rings.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class IoUringFactAttribute : FactAttribute
{
    private static readonly string? s_reason = Reason();

    public IoUringFactAttribute() => Skip = SwitchedMode.SkipReason ?? s_reason;

    private static string? Reason()
    {
        var logger = new RecordingLogger();
        return EventLoopEngines.Choose(EventLoopEngine.IoUring, logger) == EventLoopEngine.IoUring ? null : string.Join("; ", logger.Messages);
    }
}
