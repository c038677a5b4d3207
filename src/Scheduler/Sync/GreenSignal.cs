using System.Runtime.InteropServices;

namespace GreenThreads;

// The runtime calls us on an OS thread of its own or of the thread pool. What comes is handed to the first who waits, or kept: one, however many came, as the
// kernel itself keeps a signal that is pending.

/// <summary>
/// A signal of the system as something to wait for. From its creation to its disposal the signal does not do what it usually does, such as ending the process, but
/// is kept until somebody waits for it. Those that come while one is kept are one with it, as in the system itself. Of several that wait, the first gets it; of
/// several objects for the same signal, each.
/// </summary>
public sealed class GreenSignal : GreenPrimitive, IDisposable
{
    private readonly PosixSignalRegistration _registration;

    // Guarded by the gate.
    private WaitList _waiters;
    private bool _isPending;
    private volatile bool _isDisposed;

    /// <summary>Begins to catch a signal.</summary>
    /// <param name="signal">Which one: a name, or a number of the system's. Not those that nobody can catch, and not those that the runtime needs for itself.</param>
    /// <exception cref="PlatformNotSupportedException">There is no such signal here.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    public GreenSignal(PosixSignal signal)
    {
        Signal = signal;
        _registration = PosixSignalRegistration.Create(signal, OnSignal);
    }

    /// <summary>Which signal it is.</summary>
    public PosixSignal Signal { get; }

    /// <summary>Whether one has come that nobody has got yet. It may have changed when the caller looks at it.</summary>
    public bool IsPending
    {
        get
        {
            using (Gate.Enter())
                return _isPending;
        }
    }

    internal override bool IsFedFromOutside => true;

    private protected override WaitList ListAt(int index) => _waiters;

    /// <summary>Waits for the signal; returns at once if it has come since somebody last got it. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed of, before or meanwhile.</exception>
    public void Wait() => WaitCore(Deadline.Never, default);

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed of, before or meanwhile.</exception>
    public void Wait(CancellationToken cancellationToken)
    {
        if (!WaitCore(Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Takes the signal if it has come. Does not park.</summary>
    /// <returns>Whether it has come.</returns>
    /// <exception cref="ObjectDisposedException">It is disposed of.</exception>
    public bool TryWait() => WaitCore(Deadline.At(0), default);

    /// <summary>Waits for a limited time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait as well.</param>
    /// <returns>False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed of, before or meanwhile.</exception>
    public bool TryWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (WaitCore(Deadline.After(timeout), cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>From now on the signal does again what it usually does. Whoever waits gets an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        _registration.Dispose();
        List<WaitNode> toWake = [];
        using (Gate.Enter())
        {
            _isDisposed = true;
            while (_waiters.TakeFirstClaimed() is { } node)
                toWake.Add(node);
        }
        foreach (WaitNode node in toWake)
            node.Wake();
    }

    /// <summary>Takes the signal, under the gate, or finds that there will be none any more.</summary>
    internal bool TryTakeLocked()
    {
        bool wasPending = _isPending;
        _isPending = false;
        return wasPending || _isDisposed;
    }

    internal void AddWaiterLocked(WaitNode node) => _waiters.Add(node);

    internal void RemoveWaiterLocked(WaitNode node)
    {
        if (node.IsInList)
            _waiters.Remove(node);
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    private bool WaitCore(Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = EnterAsWaiter();
        cancellationToken.ThrowIfCancellationRequested();
        bool isTaken;
        using (Gate.Enter())
        {
            isTaken = TryTakeLocked();
            if (!isTaken)
                AddWaiterLocked(self);
        }
        if (!isTaken)
            isTaken = ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken);
        ThrowIfDisposed();
        return isTaken;
    }

    private void OnSignal(PosixSignalContext context)
    {
        WaitNode? first;
        using (Gate.Enter())
        {
            // Disposed of in this moment: then the usual action, unless another object has it, or the signal would be lost.
            if (_isDisposed)
                return;
            context.Cancel = true;
            first = _waiters.TakeFirstClaimed();
            _isPending |= first is null;
        }
        first?.Wake();
    }
}
