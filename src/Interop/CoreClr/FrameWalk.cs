namespace GreenThreads;

// Follows the frames of a copied stack. Code that the JIT compiler made keeps the frame pointer in rbp wherever it calls (ETW_EBP_FRAMED in its
// targetamd64.h): [rbp] is the caller's rbp, [rbp+8] the return address. What follows from that, and where it ends:
//
//   funclets      a catch, finally or filter block runs with the rbp of the method that it belongs to: the chain goes on with the caller of
//                 that method, as the program sees it, and leaves out what the runtime and the thrower have on the stack in between
//   native code   keeps no such chain. The runtime's explicit frames (Thread.m_pFrame and a list from there) say where managed code called it
//   the first     an interrupted method may not have its frame yet or no more: FrameUnwind looks at its prolog
//
// Every address must lie in the copy, and above the last.
internal sealed class FrameWalk(ManagedCodeLayout layout, ManagedCodeMap map, FrameUnwind unwind)
{
    private const int MaximumFrames = 256;
    private const nint FrameTop = -1;

    // CONTEXT of the platform layer, which has the layout of Windows on x64.
    private const int ContextRsp = 0x98;
    private const int ContextRbp = 0xA0;
    private const int ContextRip = 0xF8;

    private readonly List<nint> _methods = [];
    private StackImage _image = null!;
    private nint _ip;
    private nint _rbp;

    // The lowest address at which what comes next may lie.
    private nint _position;
    private nint _explicitFrame;

    /// <summary>What stands for native code between managed frames.</summary>
    internal const nint Native = 0;

    /// <summary>The MethodDesc of each managed frame, innermost first.</summary>
    internal IReadOnlyList<nint> Methods => _methods;

    /// <summary>Whether the walk came to the base of a green stack, where rbp is 0.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>Walks from a managed return address, with the rbp that belongs to the code there.</summary>
    internal void FromReturn(StackImage image, nint returnAddress, nint rbp, nint position, nint explicitFrame)
    {
        Start(image, explicitFrame);
        (_ip, _rbp, _position) = (returnAddress, rbp, position);
        Walk();
    }

    /// <summary>Walks from the managed code that called the native code which runs.</summary>
    internal void FromExplicitFrame(StackImage image, nint explicitFrame)
    {
        Start(image, explicitFrame);
        _position = image.Start;
        if (TryPassNativeCode())
            Walk();
    }

    /// <summary>Walks from where a thread was interrupted, anywhere in code.</summary>
    internal void FromInterrupt(StackImage image, nint rip, nint rsp, nint rbp, nint explicitFrame)
    {
        Start(image, explicitFrame);
        (_ip, _rbp, _position) = (rip, rbp, rsp);
        ManagedCode code = map.Find(rip);
        if (code.IsFound)
        {
            _methods.Add(code.MethodDesc);
            if (unwind.TryFindCaller(image, code, rip, rsp, rbp, out FrameUnwind.Caller caller) && map.Find(caller.ReturnAddress - 1).IsFound)
                (_ip, _rbp, _position) = (caller.ReturnAddress, caller.Rbp, caller.Position);
            else if (!TryFollowFramePointer())
                return;
        }
        else if (image.TryReadWord(rsp, out nint returnAddress) && map.Find(returnAddress - 1).IsFound)
        {
            // A helper of the runtime that has no frame of its own, such as a write barrier.
            _methods.Add(Native);
            (_ip, _position) = (returnAddress, rsp + sizeof(long));
        }
        else
        {
            _methods.Add(Native);
            if (!TryPassNativeCode())
                return;
        }
        Walk();
    }

    private void Start(StackImage image, nint explicitFrame)
    {
        _methods.Clear();
        _image = image;
        _explicitFrame = explicitFrame;
        IsComplete = false;
    }

    private void Walk()
    {
        while (_methods.Count < MaximumFrames)
        {
            // A return address may be the first of the next method, after a call that never returns.
            ManagedCode code = map.Find(_ip - 1);
            if (code.IsFound)
            {
                _methods.Add(code.MethodDesc);
                if (!TryFollowFramePointer())
                    return;
            }
            else if (_rbp == 0)
            {
                IsComplete = true;
                return;
            }
            else
            {
                int before = _methods.Count;
                if (!TryPassNativeCode())
                    return;
                _methods.Insert(before, Native);
            }
        }
    }

    private bool TryFollowFramePointer()
    {
        if (_rbp < _position || !_image.TryReadWord(_rbp, out nint callersRbp) || !_image.TryReadWord(_rbp + sizeof(long), out nint returnAddress))
            return false;
        (_ip, _position, _rbp) = (returnAddress, _rbp + 2 * sizeof(long), callersRbp);
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
            if (frame >= _position && TryReadFrame(frame, kind, out nint ip, out nint sp, out nint rbp) && sp >= _image.Start)
            {
                (_ip, _rbp, _position) = (ip, rbp, sp);
                return true;
            }
        }
        return false;
    }

    private bool TryReadFrame(nint frame, nint kind, out nint ip, out nint sp, out nint rbp)
    {
        FrameKinds kinds = layout.Kinds;
        ip = sp = rbp = 0;
        if (kind == kinds.Inlined)
        {
            // Without a return address it is there for a later call.
            return _image.TryReadWord(frame + layout.InlinedReturnAddress, out ip) && ip != 0
                && _image.TryReadWord(frame + layout.InlinedSP, out sp) && _image.TryReadWord(frame + layout.InlinedFP, out rbp);
        }
        if (kinds.Framed.Contains(kind))
        {
            if (!_image.TryReadWord(frame + layout.FramedTransition, out nint block))
                return false;
            sp = block + layout.TransitionSize;
            return _image.TryReadWord(block + layout.TransitionReturnAddress, out ip) && _image.TryReadWord(block + layout.TransitionRbp, out rbp);
        }
        if (kind != kinds.SoftwareException && kind != kinds.FaultingException)
            return false;
        nint context = frame + (kind == kinds.SoftwareException ? layout.SoftwareExceptionContext : layout.FaultingExceptionContext);
        return _image.TryReadWord(context + ContextRip, out ip) && _image.TryReadWord(context + ContextRsp, out sp)
            && _image.TryReadWord(context + ContextRbp, out rbp);
    }
}
