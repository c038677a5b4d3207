using System.Runtime.InteropServices;

namespace GreenThreads;

// As EventLoop.WaitReadable: poll(2) has the first and the last word. An edge only says that it is worth asking; where the answer is no after all, the descriptor
// is registered anew, which makes the kernel tell what is ready then.

/// <summary>A descriptor can be read, or written.</summary>
internal sealed class DescriptorCase : SelectCase
{
    private readonly SafeHandle? _handle;
    private readonly WaitDirection _direction;
    private readonly int _given;

    // Of the select that uses it.
    private int _descriptor;
    private bool _isHeld;
    private EventLoop? _loop;
    private Interest? _interest;

    // What it brings where nobody waits for the descriptor yet.
    private Interest? _own;

    internal DescriptorCase(int descriptor, WaitDirection direction)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        _given = descriptor;
        _direction = direction;
    }

    internal DescriptorCase(SafeHandle handle, WaitDirection direction)
    {
        ArgumentNullException.ThrowIfNull(handle);
        _handle = handle;
        _direction = direction;
    }

    public override string ToString() =>
        $"descriptor {(_handle is null ? _given : (int)_handle.DangerousGetHandle())} {(_direction == WaitDirection.Read ? "readable" : "writable")}";

    internal override Deadline Begin()
    {
        _handle?.DangerousAddRef(ref _isHeld);
        _descriptor = _handle is null ? _given : (int)_handle.DangerousGetHandle();
        return Deadline.Never;
    }

    internal override void End()
    {
        if (_isHeld)
            _handle!.DangerousRelease();
        _isHeld = false;
    }

    internal override bool IsReady() => EventLoop.IsReady(_descriptor, _direction);

    internal override bool Arm(Waiter waiter)
    {
        while (true)
        {
            Interest? owned = OwnedInterests.Find(_descriptor);
            if (IsReady())
                return true;
            EventLoop loop = EventLoopHost.Current.LoopOfCaller;
            // It is not free while somebody else still waits at it, who came later.
            if (_own is not { IsFree: true } || _own.Descriptor != _descriptor)
                _own = new Interest(_descriptor, isShared: true);
            bool? isBorrowed = loop.TryBorrow(_descriptor, _direction, _own, out _interest, out int seen);
            if (isBorrowed is null)
                continue; // Its scheduler has ended in this moment; another has a loop too.
            if (isBorrowed == false)
            {
                _interest = null;
                return true;
            }
            _loop = loop;
            EventLoop.ThrowIfClosedMeanwhile(owned);
            // With something to wait for, or an exception, Disarm returns the interest.
            if (_interest!.TryLink(_direction, seen, this) is not { } outcome)
                return false;
            Disarm();
            ObjectDisposedException.ThrowIf(outcome == WaitOutcome.Closed, typeof(FileDescriptor));
        }
    }

    internal override bool IsReadyNow(Waiter waiter)
    {
        if (IsInList)
            return false;
        ObjectDisposedException.ThrowIf(_interest!.IsClosed, typeof(FileDescriptor));
        Disarm();
        return Arm(waiter);
    }

    internal override void Disarm()
    {
        if (_loop is not { } loop)
            return;
        Interest interest = _interest!;
        _loop = null;
        _interest = null;
        interest.Unlink(_direction, this);
        loop.Return(interest);
    }
}
