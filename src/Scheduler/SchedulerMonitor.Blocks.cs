namespace GreenThreads;

// How long schedulers were blocked at a stretch: in native code, and asleep there as far as the kernel knows (proc_pid_stat(5)). One that only waits for a processor, on a
// busy machine, is not blocked, and neither is one that computes. Between two looks at which it was, it was all the time: the green thread has not changed.
internal sealed partial class SchedulerMonitor
{
    private void MeasureBlock(Watch watch, GreenThread running, TimeSpan elapsed)
    {
        if (running.Coroutine is not { IsInManagedCode: false } || !IsAsleepInKernel(watch.Scheduler.OsThreadId))
        {
            watch.Blocked = null;
            return;
        }
        watch.Blocked = watch.Blocked is { } before ? before + elapsed : TimeSpan.Zero;
        long ticks = watch.Blocked.Value.Ticks;
        if (ticks > watch.Scheduler.LongestBlock)
            Volatile.Write(ref watch.Scheduler.LongestBlock, ticks);
    }

    private static bool IsAsleepInKernel(int osThread)
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle($"/proc/self/task/{osThread}/stat");
            Span<byte> text = stackalloc byte[64]; // Number, name of at most 15 characters in parentheses, state.
            text = text[..RandomAccess.Read(file, text, 0)];
            int state = text.LastIndexOf(") "u8) + 2;
            return state < text.Length && text[state] is (byte)'S' or (byte)'D';
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // No /proc, or no descriptor left: then nothing is known.
        }
    }
}
