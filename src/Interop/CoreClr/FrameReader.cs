namespace GreenThreads;

// Reads the managed frames of other threads; ManagedFrames guards and checks it. Not thread-safe. Methods return null if the thread is not in
// the state that they are for, or would not hold still.
internal sealed unsafe class FrameReader
{
    // A guess: a thread that is stuck does not move, and of one that does any answer is old.
    private const int Attempts = 3;

    // What may change any time is read through the first, what is as good as constant during one reading through the second.
    private readonly SelfMemory _memory = new();
    private readonly PageCache _tables;

    private readonly StackImage _image = new();
    private readonly ManagedCodeLayout _layout;
    private readonly ManagedCodeMap _map;
    private readonly MethodNames _names;
    private readonly FrameWalk _walk;
    private readonly int _frame;
    private readonly int _mode;
    private readonly int _osId;

    internal FrameReader(ManagedCodeLayout layout, ClrLayout clr)
    {
        _layout = layout;
        _tables = new PageCache(_memory);
        _map = new ManagedCodeMap(layout, _tables);
        _names = new MethodNames(layout, _tables);
        _walk = new FrameWalk(layout, _map, new FrameUnwind(_tables), _names);
        _frame = clr.Frame;
        _mode = clr.PreemptiveGCDisabled;
        _osId = clr.OSId;
    }

    /// <summary>Of a Thread in preemptive mode: from the managed code that called native code.</summary>
    internal IReadOnlyList<string>? OfNative(nint thread, nint stackLimit, nint stackBase)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            _tables.Clear();
            nint frame = _memory.ReadOrDefault<nint>(thread + _frame);
            if (IsCooperative(thread) || !_image.TryCopy(_memory, LowestAddressOf(frame), stackLimit, stackBase))
                continue;
            _walk.FromExplicitFrame(_image, frame);
            List<string> names = Names();
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
            _tables.Clear();
            nint frame = _memory.ReadOrDefault<nint>(thread + _frame);
            if (!IsUnmounted(thread)
                || !_image.TryCopy(_memory, savedStackPointer, stackLimit, stackBase)
                || !_image.TryReadWord(savedStackPointer + rbp, out nint savedRbp)
                || !_image.TryReadWord(savedStackPointer + returnAddress, out nint address))
                return null;
            _walk.FromReturn(_image, new FrameUnwind.Registers(address, savedStackPointer + end, savedRbp), frame);
            List<string> names = Names();
            if (_walk.Methods.Count > 0 && IsUnmounted(thread) && _memory.ReadOrDefault<nint>(thread + _frame) == frame && _image.IsStillTrue(_memory))
                return names;
        }
        return null;
    }

    /// <summary>Of a thread that was interrupted.</summary>
    internal IReadOnlyList<string>? OfInterrupted(StackSampler.Sample sample)
    {
        _image.Set(sample.Rsp, sample.Stack);
        _tables.Clear();
        _walk.FromInterrupt(_image, new FrameUnwind.Registers(sample.Rip, sample.Rsp, sample.Rbp), sample.Frame);
        return _walk.Methods.Count > 0 ? Names() : null;
    }

    // A coroutine that runs has its OS thread's id.
    private bool IsUnmounted(nint thread) => _memory.ReadOrDefault<nint>(thread + _osId) >= ClrThreadState.FirstFakeOSId;

    internal bool IsCooperative(nint thread) => _memory.ReadOrDefault<int>(thread + _mode) != 0;

    /// <summary>The address of the Thread's word that leads to its explicit frames.</summary>
    internal nint FrameWordOf(nint thread) => thread + _frame;

    /// <summary>The name of the method that a MethodDesc or a return address belongs to, whichever is known.</summary>
    internal string? NameOf(nint methodDesc, nint returnAddress)
    {
        _tables.Clear();
        string? name = methodDesc != 0 && _names.IsPInvoke(methodDesc) ? _names.Find(methodDesc) : null;
        return name ?? (returnAddress != 0 && _map.Find(returnAddress - 1) is { IsFound: true } code ? _names.Find(code.MethodDesc) : null);
    }

    private nint LowestAddressOf(nint frame)
    {
        if (_memory.ReadOrDefault<nint>(frame) != _layout.Kinds.Inlined || _memory.ReadOrDefault<nint>(frame + _layout.InlinedReturnAddress) == 0)
            return frame;
        return Math.Min(frame, _memory.ReadOrDefault<nint>(frame + _layout.InlinedSP));
    }

    // What cannot be named stands in brackets; stubs of the runtime are left out, as a stack trace does.
    private List<string> Names()
    {
        var names = new List<string>();
        foreach (nint method in _walk.Methods)
        {
            string name = method == FrameWalk.Native ? ManagedFrames.Native : _names.Find(method) ?? ManagedFrames.Unknown;
            if (name.Length > 0)
                names.Add(name);
        }
        if (!_walk.IsComplete)
            names.Add(ManagedFrames.More);
        return names;
    }
}
