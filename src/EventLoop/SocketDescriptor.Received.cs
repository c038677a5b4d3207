namespace GreenThreads;

// The part of a TCP connection that a ring receives for (ReceiveQueue).
internal sealed partial class SocketDescriptor
{
    private ReceiveQueue? _received;

    /// <summary>
    /// Whether a ring may receive for it. Who waits for its number (<see cref="EventLoop.WaitReadable(int)"/>) is told of what lies in the socket, not of what a ring
    /// has taken from there; nobody but this library has the numbers of those that may.
    /// </summary>
    internal bool MayUseRing { get; set; }

    /// <summary>What a ring has received for it; null until the first wait in a scheduler that has one.</summary>
    internal ReceiveQueue? Received => Volatile.Read(ref _received);

    /// <summary>What a ring has received, or one recv; false if there is nothing yet.</summary>
    private protected override bool TryReceive(Span<byte> buffer, out int count)
    {
        if (Received is not { } queue)
            return TryReceiveDirectly(buffer, out count);
        ThrowIfClosed();
        switch (queue.TryTake(buffer, out count))
        {
            case ReceiveOutcome.Taken:
                return true;
            case ReceiveOutcome.Nothing:
                return false;
            default:
                try
                {
                    bool isReceived = TryReceiveDirectly(buffer, out count);
                    if (isReceived && count == 0)
                        ThrowIfClosed(); // The end may be that of the dispose.
                    return isReceived;
                }
                finally
                {
                    queue.EndDirect();
                }
        }
    }

    private protected override bool ComesByRing(WaitDirection direction, bool mayBegin)
    {
        if (direction != WaitDirection.Read || !MayUseRing)
            return false;
        if (Received is { IsArmed: true })
            return true;
        if (!mayBegin || EventLoopHost.Current.RingOfCaller is not { } ring)
            return false;
        ReceiveQueue queue = Received ?? Interlocked.CompareExchange(ref _received, new ReceiveQueue(Interest), null) ?? _received;
        if (!ring.TryArm(queue, this))
            return false;
        Interest.LeaveLoop(); // Otherwise epoll would report each arrival too.
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Received is not null)
            CloseWhileHeld();
        base.Dispose(disposing);
    }

    // Another thread may dispose of it too: the number must stay ours meanwhile.
    private void CloseWhileHeld()
    {
        bool isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
            Interest.Close();
            CloseReceived();
        }
        catch (ObjectDisposedException)
        {
            // The other one has been here.
        }
        finally
        {
            if (isHeld)
                DangerousRelease();
        }
    }

    // The ring keeps the connection open until its receive has ended, and the shutdown ends it, whatever the ring's owner does meanwhile. The number is ours here.
    private unsafe void CloseReceived()
    {
        if (Received is not { } queue)
            return;
        bool isArmed = queue.Close(out bool isUnread);
        if (isUnread)
        {
            // As the kernel does when something is unread: the peer gets a reset. An address of no family ends the connection at once: connect(2).
            byte* none = stackalloc byte[SocketAddressFormat.MaximumSize];
            new Span<byte>(none, SocketAddressFormat.MaximumSize).Clear();
            // SAFETY: the kernel reads the address during the call.
            if (Interop.connect((int)handle, none, SocketAddressFormat.MaximumSize) == 0)
                return;
        }
        if (isArmed)
            _ = Interop.shutdown((int)handle, Interop.SHUT_RDWR);
    }
}
