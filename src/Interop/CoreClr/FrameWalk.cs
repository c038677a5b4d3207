namespace GreenThreads;

// Follows the frames of a copied stack: managed ones by undoing their prologs (FrameUnwind). Native code has no such description that we could
// read; the runtime's explicit frames (Thread.m_pFrame and a list from there) say where managed code called it, and so where to go on.
//
// Every frame must lie in the copy, and above the last. Not thread-safe.
internal sealed class FrameWalk(ManagedCodeLayout layout, ManagedCodeMap map, FrameUnwind unwind, MethodNames names)
{
    private const int MaximumFrames = 256;
    private const nint FrameTop = -1;

    // CONTEXT of the platform layer, which has the layout of Windows on x64.
    private const int ContextRsp = 0x98;
    private const int ContextRbp = 0xA0;
    private const int ContextRip = 0xF8;

    private readonly List<nint> _methods = [];
    private StackImage _image = null!;
    private FrameUnwind.Registers _at;
    private nint _explicitFrame;

    // The low bits of m_Datum are marks of the runtime's exception handling.
    private const nint DatumMarks = 7;

    // A green stack has less above its first frame (ContextSwitch.PrepareStack).
    private const nint BaseMargin = 64;

    /// <summary>What stands for native code between managed frames.</summary>
    internal const nint Native = 0;

    /// <summary>The MethodDesc of each managed frame and P/Invoke, innermost first.</summary>
    internal IReadOnlyList<nint> Methods => _methods;

    /// <summary>Whether the walk came to the base of a green stack, where rbp is 0.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>Walks from where a call returns to.</summary>
    internal void FromReturn(StackImage image, FrameUnwind.Registers at, nint explicitFrame)
    {
        Start(image, at, explicitFrame);
        Walk();
    }

    /// <summary>Walks from the managed code that called the native code which runs.</summary>
    internal void FromExplicitFrame(StackImage image, nint explicitFrame)
    {
        Start(image, new FrameUnwind.Registers(0, image.Start, 0), explicitFrame);
        if (!TryPassNativeCode())
            return;
        _methods.RemoveAt(0); // goes without saying
        Walk();
    }

    /// <summary>Walks from where a thread was interrupted, anywhere in code.</summary>
    internal void FromInterrupt(StackImage image, FrameUnwind.Registers at, nint explicitFrame)
    {
        Start(image, at, explicitFrame);
        ManagedCode code = map.Find(at.Rip);
        if (code.IsFound)
        {
            _methods.Add(code.MethodDesc);
            if (!unwind.TryFindCallerOfInterrupted(image, code, at, out FrameUnwind.Registers caller) || !TryGoOnAt(caller))
                return;
        }
        else
        {
            if (unwind.TryLeaveHelper(image, at, out FrameUnwind.Registers caller) && map.Find(caller.Rip - 1).IsFound)
                _at = caller;
            else if (!TryPassNativeCode())
                return;
        }
        Walk();
    }

    private void Start(StackImage image, FrameUnwind.Registers at, nint explicitFrame)
    {
        _methods.Clear();
        _image = image;
        _at = at;
        _explicitFrame = explicitFrame;
        IsComplete = false;
    }

    private void Walk()
    {
        while (_methods.Count < MaximumFrames)
        {
            // A return address may be the first of the next method, after a call that never returns.
            ManagedCode code = map.Find(_at.Rip - 1);
            if (code.IsFound)
            {
                _methods.Add(code.MethodDesc);
                if (!unwind.TryFindCaller(_image, code, _at, out FrameUnwind.Registers caller) || !TryGoOnAt(caller))
                    return;
            }
            else if (_at.Rbp == 0 && _image.End - _at.Rsp <= BaseMargin)
            {
                IsComplete = true;
                return;
            }
            else
            {
                if (!TryPassNativeCode())
                    return;
            }
        }
    }

    private bool TryGoOnAt(FrameUnwind.Registers next)
    {
        if (next.Rsp <= _at.Rsp)
            return false;
        _at = next;
        return true;
    }

    // Goes on at the nearest explicit frame that says where managed code is.
    private bool TryPassNativeCode()
    {
        while (_explicitFrame is not FrameTop and not 0)
        {
            nint frame = _explicitFrame;
            if (!_image.TryReadWord(frame, out nint kind) || !_image.TryReadWord(frame + layout.FrameNext, out nint next) || (next != FrameTop && next <= frame))
                return false;
            _explicitFrame = next;
            if (frame >= _at.Rsp && TryReadFrame(frame, kind, out FrameUnwind.Registers at) && at.Rsp >= _at.Rsp)
            {
                _at = at;
                _methods.Add(Native);
                AddFunction(frame, kind);
                return true;
            }
        }
        return false;
    }

    // The P/Invoke that was called. Code that was compiled ahead does not tell; it then is, or is named as, its caller.
    private void AddFunction(nint frame, nint kind)
    {
        if (kind == layout.Kinds.Inlined && _image.TryReadWord(frame + layout.InlinedDatum, out nint datum) && names.IsPInvoke(datum & ~DatumMarks))
            _methods.Add(datum & ~DatumMarks);
    }

    private bool TryReadFrame(nint frame, nint kind, out FrameUnwind.Registers at)
    {
        FrameKinds kinds = layout.Kinds;
        nint block;
        at = default;
        if (kind == kinds.Inlined)
        {
            // Without a return address it is there for a later call.
            return TryReadRegisters(frame + layout.InlinedReturnAddress, frame + layout.InlinedFP, out at) && at.Rip != 0
                && TryReadStackPointer(frame + layout.InlinedSP, ref at);
        }
        if (kinds.Framed.Contains(kind))
        {
            if (!_image.TryReadWord(frame + layout.FramedTransition, out block)
                || !TryReadRegisters(block + layout.TransitionReturnAddress, block + layout.TransitionRbp, out at))
                return false;
            at = at with { Rsp = block + layout.TransitionSize };
            return true;
        }
        if (kind != kinds.SoftwareException && kind != kinds.FaultingException)
            return false;
        block = frame + (kind == kinds.SoftwareException ? layout.SoftwareExceptionContext : layout.FaultingExceptionContext);
        return TryReadRegisters(block + ContextRip, block + ContextRbp, out at) && TryReadStackPointer(block + ContextRsp, ref at);
    }

    private bool TryReadRegisters(nint ripAddress, nint rbpAddress, out FrameUnwind.Registers at)
    {
        at = default;
        if (!_image.TryReadWord(ripAddress, out nint rip) || !_image.TryReadWord(rbpAddress, out nint rbp))
            return false;
        at = new FrameUnwind.Registers(rip, 0, rbp);
        return true;
    }

    private bool TryReadStackPointer(nint address, ref FrameUnwind.Registers at)
    {
        bool read = _image.TryReadWord(address, out nint rsp);
        at = at with { Rsp = rsp };
        return read;
    }
}
