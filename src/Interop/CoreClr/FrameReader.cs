namespace GreenThreads;

// Reads the managed frames of other threads; ManagedFrames guards and checks it. Not thread-safe. Methods return null if the thread is not in
// the state that they are for, or would not hold still.
internal sealed unsafe class FrameReader
{
    // A guess: a thread that is stuck does not move, and of one that does any answer is old.
    private const int Attempts = 3;

    // The low bits of m_Datum are marks of the runtime's exception handling.
    private const nint DatumMarks = 7;

    private readonly SelfMemory _memory = new();
    private readonly StackImage _image = new();
    private readonly ManagedCodeLayout _layout;
    private readonly ManagedCodeMap _map;
    private readonly MethodNames _names;
    private readonly FrameWalk _walk;
    private readonly int _frame;
    private readonly int _mode;

    internal FrameReader(ManagedCodeLayout layout, ClrLayout clr)
    {
        _layout = layout;
        _map = new ManagedCodeMap(layout, _memory);
        _names = new MethodNames(layout, _memory);
        _walk = new FrameWalk(layout, _map, new FrameUnwind(_memory));
        _frame = clr.Frame;
        _mode = clr.PreemptiveGCDisabled;
    }

    /// <summary>Of a Thread in preemptive mode: from the managed code that called native code.</summary>
    internal IReadOnlyList<string>? OfNative(nint thread, nint stackLimit, nint stackBase)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            nint frame = _memory.ReadOrDefault<nint>(thread + _frame);
            if (IsCooperative(thread) || !_image.TryCopy(_memory, LowestAddressOf(frame), stackLimit, stackBase))
                continue;
            _walk.FromExplicitFrame(_image, frame);
            nint function = FunctionOf(frame);
            List<string> names = Names(function);
            if (_walk.Methods.Count > 0 && !IsCooperative(thread) && _memory.ReadOrDefault<nint>(thread + _frame) == frame && _image.IsStillTrue(_memory))
                return names;
        }
        return null;
    }

    /// <summary>Of a coroutine that does not run.</summary>
    internal IReadOnlyList<string>? OfParked(nint thread, nint savedStackPointer, nint stackLimit, nint stackBase)
    {
        // As ContextSwitch.X64.cs leaves a stack: r15, r14, r13, r12, rbx, rbp, and the return address.
        const int rbp = 5 * sizeof(long);
        const int returnAddress = 6 * sizeof(long);
        const int end = 7 * sizeof(long);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            nint frame = _memory.ReadOrDefault<nint>(thread + _frame);
            if (!_image.TryCopy(_memory, savedStackPointer, stackLimit, stackBase)
                || !_image.TryReadWord(savedStackPointer + rbp, out nint savedRbp)
                || !_image.TryReadWord(savedStackPointer + returnAddress, out nint address))
                return null;
            _walk.FromReturn(_image, address, savedRbp, savedStackPointer + end, frame);
            List<string> names = Names(0);
            if (_memory.ReadOrDefault<nint>(thread + _frame) == frame && _image.IsStillTrue(_memory))
                return names;
        }
        return null;
    }

    /// <summary>Of a thread that was interrupted.</summary>
    internal IReadOnlyList<string>? OfInterrupted(StackSampler.Sample sample)
    {
        _image.Set(sample.Rsp, sample.Stack);
        _walk.FromInterrupt(_image, sample.Rip, sample.Rsp, sample.Rbp, sample.Frame);
        return Names(0);
    }

    internal bool IsCooperative(nint thread) => _memory.ReadOrDefault<int>(thread + _mode) != 0;

    /// <summary>The address of the Thread's word that leads to its explicit frames.</summary>
    internal nint FrameWordOf(nint thread) => thread + _frame;

    /// <summary>The name of the method that a MethodDesc or a return address belongs to, whichever is known.</summary>
    internal string? NameOf(nint methodDesc, nint returnAddress)
    {
        string? name = methodDesc != 0 && _names.IsPInvoke(methodDesc) ? _names.Find(methodDesc) : null;
        return name ?? (returnAddress != 0 && _map.Find(returnAddress - 1) is { IsFound: true } code ? _names.Find(code.MethodDesc) : null);
    }

    /// <summary>The P/Invoke that runs, if the frame tells: code that was compiled ahead leaves it out.</summary>
    internal nint FunctionOf(nint frame)
    {
        if (_memory.ReadOrDefault<nint>(frame) != _layout.Kinds.Inlined)
            return 0;
        nint datum = _memory.ReadOrDefault<nint>(frame + _layout.InlinedDatum) & ~DatumMarks;
        return _names.IsPInvoke(datum) ? datum : 0;
    }

    private nint LowestAddressOf(nint frame)
    {
        if (_memory.ReadOrDefault<nint>(frame) != _layout.Kinds.Inlined || _memory.ReadOrDefault<nint>(frame + _layout.InlinedReturnAddress) == 0)
            return frame;
        return Math.Min(frame, _memory.ReadOrDefault<nint>(frame + _layout.InlinedSP));
    }

    // What cannot be named stands in brackets; stubs of the runtime are left out, as a stack trace does.
    private List<string> Names(nint function)
    {
        var names = new List<string>();
        if (function != 0 && (_walk.Methods.Count == 0 || _walk.Methods[0] != function))
            names.Add(_names.Find(function) ?? ManagedFrames.Unknown);
        foreach (nint method in _walk.Methods)
        {
            string name = method == FrameWalk.Native ? ManagedFrames.Native : _names.Find(method) ?? ManagedFrames.Unknown;
            if (name.Length > 0 && (name != ManagedFrames.Native || names.Count == 0 || names[^1] != name))
                names.Add(name);
        }
        if (!_walk.IsComplete)
            names.Add(ManagedFrames.More);
        return names;
    }
}
