namespace GreenThreads;

// A non-blocking descriptor and its interest: the base of everything that waits here for a descriptor of ours. Close has an order: first the interest (the
// registration ends while the number is still ours, and whoever waits wakes), then the descriptor, once the last system call on it has returned. One that nobody
// disposed of does the same when it is collected; the loop refers to the interest only, and the interest not to the descriptor.
internal abstract partial class PolledDescriptor : FileDescriptor
{
    private readonly Type _owner;

    /// <param name="descriptor">An open, non-blocking descriptor.</param>
    /// <param name="owner">The public type, for the message of <see cref="ObjectDisposedException"/>.</param>
    private protected PolledDescriptor(int descriptor, Type owner)
        : base(descriptor)
    {
        _owner = owner;
        Interest = new Interest(descriptor);
        OwnedInterests.Add(Interest);
    }

    internal Interest Interest { get; }

    /// <summary>Whether it was disposed of. The descriptor itself may be open still, while a system call on it is under way or a ring's submission names it.</summary>
    internal new bool IsClosed => Interest.IsClosed || base.IsClosed;

    /// <summary>Throws if it was disposed of.</summary>
    internal void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsClosed, _owner);

    /// <summary>Waits for the interest. Parks.</summary>
    /// <returns>False if the deadline has passed.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor was disposed of meanwhile.</exception>
    internal bool Wait(WaitDirection direction, int seen, Deadline deadline)
    {
        WaitOutcome outcome = Interest.Wait(direction, seen, Waiter.Current, deadline, ComesByRing(direction, mayBegin: true));
        GC.KeepAlive(this); // Otherwise the last reader of a socket that nobody holds could be finalized while it waits.
        ObjectDisposedException.ThrowIf(outcome == WaitOutcome.Closed, _owner);
        return outcome == WaitOutcome.Ready;
    }

    /// <inheritdoc cref="Wait"/>
    internal async ValueTask WaitAsync(WaitDirection direction, int seen, CancellationToken cancellationToken)
    {
        WaitOutcome outcome = await Interest.WaitAsync(direction, seen, ComesByRing(direction, mayBegin: false), cancellationToken).ConfigureAwait(false);
        GC.KeepAlive(this);
        ObjectDisposedException.ThrowIf(outcome == WaitOutcome.Closed, _owner);
    }

    /// <summary>Whether a ring makes the edges in this direction, so that epoll need not know of a wait.</summary>
    /// <param name="direction">Which one.</param>
    /// <param name="mayBegin">Whether the caller can make it so: a green thread that is about to wait.</param>
    private protected virtual bool ComesByRing(WaitDirection direction, bool mayBegin) => false;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Interest.Close();
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        Interest.Close();
        bool isClosed = base.ReleaseHandle();
        OwnedInterests.Remove(Interest);
        return isClosed;
    }
}
