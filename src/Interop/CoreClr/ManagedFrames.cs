namespace GreenThreads;

/// <summary>
/// Names the managed frames of another thread of this process, innermost first: <c>Namespace.Type.Method</c> as in a stack trace, or one of the
/// words below in brackets. Best effort: it reads what may change meanwhile, never faults on it, and is off where the runtime does not look as
/// known. To be called from plain OS threads, one at a time by itself; costs some hundred microseconds.
/// </summary>
internal static class ManagedFrames
{
    /// <summary>Stands for one or more frames of native code.</summary>
    internal const string Native = "[native]";

    /// <summary>Stands for a managed frame without a name.</summary>
    internal const string Unknown = "[unknown]";

    /// <summary>Last, if there may be further frames: the stack does not end where a green thread's does.</summary>
    internal const string More = "[more]";

    private static readonly Lock s_gate = new();

    // Made once, under the lazy's lock; used under s_gate.
    private static readonly Lazy<Reading?> s_reading = new(Start);

    private sealed record Reading(FrameReader Frames, StackSampler? Sampler);

    /// <summary>Whether names can be had, which the first call finds out: it takes some milliseconds and a thread.</summary>
    internal static bool IsAvailable => s_reading.Value is not null;

    /// <summary>Whether a thread that computes can be looked at, too. It takes a real-time signal.</summary>
    internal static bool CanInterrupt => s_reading.Value?.Sampler is not null;

    /// <summary>Why names cannot be had; null if they can.</summary>
    internal static string? WhyNot { get; private set; }

    /// <summary>Of a thread in native code that managed code called: its frames, the P/Invoke first. Null if it is not there.</summary>
    internal static IReadOnlyList<string>? OfNative(nint clrThread, nint stackLimit, nint stackBase) =>
        Read(reading => reading.Frames.OfNative(clrThread, stackLimit, stackBase));

    /// <summary>
    /// Of a thread that runs managed code, by interrupting it for about a microsecond. Null if it does not run on that stack, is in native code,
    /// or does not answer within some milliseconds. The Thread must live as long as the process.
    /// </summary>
    internal static IReadOnlyList<string>? OfComputing(nint clrThread, int osThreadId, nint stackLimit, nint stackBase) =>
        Read(reading => OfComputing(reading.Frames, reading.Sampler, clrThread, osThreadId, stackLimit, stackBase));

    /// <summary>Of a coroutine that is suspended, and stays so or the answer is null.</summary>
    internal static IReadOnlyList<string>? OfParked(nint clrThread, nint savedStackPointer, nint stackLimit, nint stackBase) =>
        Read(reading => reading.Frames.OfParked(clrThread, savedStackPointer, stackLimit, stackBase));

    /// <summary>Why a park of the calling thread is affine; see <see cref="AffinityCause"/>.</summary>
    internal static AffinityCause CauseOf(nint clrThread) => AffinityCause.Of(clrThread);

    /// <summary>The name of a P/Invoke or of the method that called native code; null if it cannot be told.</summary>
    internal static string? NameOf(nint methodDesc, nint returnAddress) =>
        s_reading.Value is { } reading ? Locked(() => reading.Frames.NameOf(methodDesc, returnAddress)) : null;

    internal static IReadOnlyList<string>? OfComputing(FrameReader frames, StackSampler? sampler, nint clrThread, int osThreadId, nint stackLimit, nint stackBase)
    {
        if (sampler is null || !frames.IsCooperative(clrThread)
            || !sampler.TryTake(osThreadId, stackLimit, stackBase, frames.FrameWordOf(clrThread), out StackSampler.Sample sample))
            return null;
        return frames.OfInterrupted(sample);
    }

    private static IReadOnlyList<string>? Read(Func<Reading, IReadOnlyList<string>?> read) =>
        s_reading.Value is { } reading ? Locked(() => read(reading)) : null;

    private static T Locked<T>(Func<T> read)
    {
        lock (s_gate)
            return read();
    }

    private static Reading? Start()
    {
        try
        {
            var layout = ManagedCodeLayout.Read(ContractDescriptor.Read(ClrRuntime.Module.Handle));
            var frames = new FrameReader(layout, ClrRuntime.Layout);
            ManagedFramesCheck.Run(frames);
            return new Reading(frames, ManagedFramesCheck.MakeSampler(frames));
        }
        catch (Exception exception) when (exception is RuntimeUnsupportedException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            WhyNot = exception.Message;
            return null;
        }
    }
}
