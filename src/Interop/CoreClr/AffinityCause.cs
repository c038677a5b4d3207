using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// What lies on a stack that may only continue on its OS thread: the innermost explicit frame. Cheap to take, to be described later.
/// </summary>
/// <param name="FrameIdentifier">Which kind of explicit frame; 0 if there is none.</param>
/// <param name="Datum">Of a call of native code: its MethodDesc, with marks in the lowest bits; 0 where the calling code was compiled ahead.</param>
/// <param name="ReturnAddress">Of a call of native code: where it was called.</param>
internal readonly unsafe record struct AffinityCause(nint FrameIdentifier, nint Datum, nint ReturnAddress)
{
    private const nint FrameTop = -1;
    private const string StaticConstructor = "static constructor";

    // Marks in m_Datum (InlinedCallFrameMarker of the runtime's exceptionhandling.h): the callee is part of exception handling.
    private const nint ExceptionMarks = 6;

    private static readonly ManagedCodeLayout? s_layout = ReadLayout();
    private static readonly int s_frame = s_layout is null ? -1 : ClrRuntime.Layout.Frame;
    private static readonly nint s_inlined = s_layout?.Kinds.Inlined ?? 0;
    private static readonly int s_next = s_layout?.FrameNext ?? 0;
    private static readonly int s_datum = s_layout?.InlinedDatum ?? 0;
    private static readonly int s_returnAddress = s_layout?.InlinedReturnAddress ?? 0;

    /// <summary>Reads the layout, which takes some milliseconds, before the first <see cref="Of"/> would.</summary>
    internal static void Prepare() => RuntimeHelpers.RunClassConstructor(typeof(AffinityCause).TypeHandle);

    /// <summary>To be asked by the thread itself, in managed code. A few loads.</summary>
    internal static AffinityCause Of(nint clrThread)
    {
        if (s_frame < 0)
            return default;
        // SAFETY: the list is on the stack of the thread that runs this, in frames older than this one; it does not change meanwhile.
        nint frame = *(nint*)(clrThread + s_frame);
        while (frame != FrameTop)
        {
            nint kind = *(nint*)frame;
            if (kind != s_inlined)
                return new AffinityCause(kind, 0, 0);
            nint returnAddress = *(nint*)(frame + s_returnAddress);
            if (returnAddress != 0)
                return new AffinityCause(kind, *(nint*)(frame + s_datum), returnAddress);
            // Without a return address it is there for a later call.
            frame = *(nint*)(frame + s_next);
        }
        return default;
    }

    /// <summary>
    /// Whether there is an explicit frame on the stack for which the test holds. To be asked by the thread itself, in managed code.
    /// </summary>
    internal static bool Any(nint clrThread, Func<AffinityCause, bool> test)
    {
        if (s_frame < 0)
            return false;
        // SAFETY: as in Of.
        for (nint frame = *(nint*)(clrThread + s_frame); frame != FrameTop; frame = *(nint*)(frame + s_next))
        {
            nint kind = *(nint*)frame;
            bool isInlined = kind == s_inlined;
            var cause = new AffinityCause(kind, isInlined ? *(nint*)(frame + s_datum) : 0, isInlined ? *(nint*)(frame + s_returnAddress) : 0);
            if ((!isInlined || cause.ReturnAddress != 0) && test(cause))
                return true;
        }
        return false;
    }

    /// <summary>Whether it is a static constructor that the runtime runs. Some ten microseconds, and some milliseconds the first time in the process.</summary>
    internal bool IsStaticConstructor => Describe() == StaticConstructor;

    /// <summary>In words, for a log. From any thread; some ten microseconds.</summary>
    internal string Describe()
    {
        if (FrameIdentifier == 0)
            return "nothing native";
        if (s_layout is not { } layout)
            return "native code";
        FrameKinds kinds = layout.Kinds;
        if (FrameIdentifier == kinds.SoftwareException || FrameIdentifier == kinds.FaultingException || FrameIdentifier == kinds.ExceptionFilter)
            return "exception";
        if (FrameIdentifier == kinds.ClassInit)
            return StaticConstructor;
        if (FrameIdentifier != kinds.Inlined)
            return kinds.Names.TryGetValue(FrameIdentifier, out string? kind) ? $"runtime ({kind})" : "runtime";
        return Describe(ManagedFrames.NameOf(Datum & ~ExceptionMarks, ReturnAddress), (Datum & ExceptionMarks) != 0);
    }

    // By the methods of the framework that call the runtime; of another version they may have other names, and then are shown as they are. Which of
    // two neighbours it is may change while the program runs: code that was compiled ahead does not tell the P/Invoke that it calls.
    private static string Describe(string? name, bool isExceptionHandling) => name switch
    {
        null => isExceptionHandling ? "exception" : "native code",
        _ when isExceptionHandling || IsIn(name, "System.Runtime.EH.") => "exception",
        _ when IsIn(name, "System.Runtime.CompilerServices.InitHelpers.") || name.EndsWith(".RunClassConstructor", StringComparison.Ordinal) =>
            StaticConstructor,
        _ when IsIn(name, "System.Reflection.") || IsIn(name, "System.RuntimeMethodHandle.") || IsIn(name, "System.RuntimeType") => "reflection",
        _ when IsIn(name, "System.Threading.") => $"wait ({name})",
        _ => $"foreign callback ({name})",
    };

    private static bool IsIn(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);

    private static ManagedCodeLayout? ReadLayout()
    {
        try
        {
            return ManagedCodeLayout.Read(ContractDescriptor.Read(ClrRuntime.Module.Handle));
        }
        catch (Exception exception) when (exception is RuntimeUnsupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}
