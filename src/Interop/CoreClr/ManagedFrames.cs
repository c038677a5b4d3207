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

    private static readonly NoParkLock s_gate = new();

    // Made once, under the lazy's lock; used under s_gate.
    private static readonly Lazy<Reading?> s_reading = new(Start);

    private sealed record Reading(FrameReader Frames, StackSampler? Sampler);

    /// <summary>Whether names can be had, which the first call finds out: it takes some milliseconds and a thread.</summary>
    internal static bool IsAvailable => s_reading.Value is not null;

    /// <summary>Whether that is known.</summary>
    internal static bool HasBeenTried => s_reading.IsValueCreated;

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

    /// <summary>Of a coroutine that is suspended; null if it is not, or goes on meanwhile.</summary>
    /// <param name="clrThread">Its Thread.</param>
    /// <param name="stackPointerWord">The address at which its stack pointer is saved (CoroutineBlock.StackPointer).</param>
    /// <param name="stackLimit">The stack's lowest address.</param>
    /// <param name="stackBase">The first address above the stack.</param>
    internal static IReadOnlyList<string>? OfParked(nint clrThread, nint stackPointerWord, nint stackLimit, nint stackBase) =>
        Read(reading => reading.Frames.OfParked(clrThread, stackPointerWord, stackLimit, stackBase));

    /// <summary>Why a park of the calling thread is affine; see <see cref="AffinityCause"/>.</summary>
    internal static AffinityCause CauseOf(nint clrThread) => AffinityCause.Of(clrThread);

    /// <summary>Whether a static constructor is under way on the stack of the calling thread.</summary>
    internal static bool HasStaticConstructor(nint clrThread) => StaticConstructors.AreOn(clrThread);

    /// <summary>The name of a P/Invoke or of the method that called native code; null if it cannot be told.</summary>
    internal static string? NameOf(nint methodDesc, nint returnAddress) =>
        Read(reading => reading.Frames.NameOf(methodDesc, returnAddress));

    internal static IReadOnlyList<string>? OfComputing(FrameReader frames, StackSampler? sampler, nint clrThread, int osThreadId, nint stackLimit, nint stackBase)
    {
        // A guess: how often a thread may be caught in native code of the runtime that shows nothing, and yet be back the next time.
        const int attempts = 3;
        for (int i = 0; i < attempts; i++)
        {
            if (sampler is null || !frames.IsCooperative(clrThread)
                || !sampler.TryTake(osThreadId, stackLimit, stackBase, frames.FrameWordOf(clrThread), out StackSampler.Sample sample))
                return null;
            if (frames.OfInterrupted(sample) is { } names)
                return names;
        }
        return null;
    }

    // Nobody is to fail because a name could not be had.
    private static T? Read<T>(Func<Reading, T?> read) where T : class
    {
        if (s_reading.Value is not { } reading)
            return null;
        using (s_gate.Enter())
        {
            try
            {
                return read(reading);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return null;
            }
        }
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
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whatever it is, threads go on without names.
            WhyNot = exception.Message;
            return null;
        }
    }
}
