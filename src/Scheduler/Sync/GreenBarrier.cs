namespace GreenThreads;

// Phases, one after the other. All is under the gate but the action, which may park.
//
//   arriving   fewer than all have arrived; they wait in the list
//   in action  all have arrived; the last one runs the action, the others still wait
//   arriving   the next phase: the others are being woken
//   broken     somebody gave up, or the action failed; those who wait were woken, and whoever comes is refused. Reset begins a new phase
//
// The rule is that of Java's CyclicBarrier, all or nothing. .NET's Barrier takes back the arrival of one who gives up, and the others go on
// waiting; on green threads the usual reason for giving up is that the green thread is cancelled and will not come again.

/// <summary>
/// Where a number of parties wait for each other, phase by phase, for green threads and OS threads: whoever waits parks, or blocks its OS
/// thread if it is none. If one gives up, the barrier breaks: all others learn of it by <see cref="GreenBarrierBrokenException"/>, until
/// <see cref="Reset"/>.
/// </summary>
public sealed partial class GreenBarrier : GreenPrimitive
{
    private readonly Action? _postPhaseAction;

    // Guarded by the gate, and read by anybody.
    private long _phase;
    private bool _isBroken;
    private long _lastReset = -1; // The last phase that ended by a reset.
    private long _lastGood = -1; // The last phase that ended because all had arrived.

    // Guarded by the gate.
    private int _arrived;
    private bool _isInAction;
    private Exception? _failure;

    /// <summary>Creates a barrier.</summary>
    /// <param name="parties">How many must arrive to end a phase.</param>
    /// <param name="postPhaseAction">
    /// What the last to arrive runs before all go on; it may park. If it throws, that is thrown to the last to arrive, and the barrier is
    /// broken for the others.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number of parties is not positive.</exception>
    public GreenBarrier(int parties, Action? postPhaseAction = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parties);
        Parties = parties;
        _postPhaseAction = postPhaseAction;
    }

    /// <summary>How many must arrive to end a phase.</summary>
    public int Parties { get; }

    /// <summary>How many phases have ended.</summary>
    public long CurrentPhase => Volatile.Read(ref _phase);

    /// <summary>Whether it is of no use until <see cref="Reset"/>.</summary>
    public bool IsBroken => Volatile.Read(ref _isBroken);

    /// <summary>Arrives, and waits for all others. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="GreenBarrierBrokenException">The barrier is broken, or breaks during the wait.</exception>
    /// <exception cref="InvalidOperationException">
    /// All parties have arrived already and the post-phase action runs: the caller is one too many.
    /// </exception>
    /// <exception cref="GreenThreadCanceledException">
    /// The green thread is cancelled and would have to wait. The barrier is broken.
    /// </exception>
    /// <exception cref="Exception">What the post-phase action threw, if the caller was the last to arrive. The barrier is broken.</exception>
    public void SignalAndWait() => SignalAndWaitCore(Deadline.Never, default);

    /// <summary>The same, until the token is cancelled, which breaks the barrier.</summary>
    /// <param name="cancellationToken">Ends the wait. If it is cancelled already, the caller does not arrive, and nothing breaks.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <inheritdoc cref="SignalAndWait()"/>
    public void SignalAndWait(CancellationToken cancellationToken)
    {
        if (!SignalAndWaitCore(Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>The same, for a limited time, after which the barrier is broken.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">
    /// Ends the wait as well. If it is cancelled already, the caller does not arrive, and nothing breaks.
    /// </param>
    /// <returns>False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <inheritdoc cref="SignalAndWait()"/>
    public bool TrySignalAndWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (SignalAndWaitCore(Deadline.After(timeout), cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>Begins a new phase with nobody there; for those who wait the barrier breaks. Does not park.</summary>
    /// <exception cref="InvalidOperationException">The post-phase action runs.</exception>
    public void Reset()
    {
        EnterAsWaiter();
        long phase = 0;
        bool isInAction;
        using (Gate.Enter())
        {
            isInAction = _isInAction;
            if (!isInAction)
            {
                Volatile.Write(ref _lastReset, _phase);
                phase = EndPhaseLocked();
                Volatile.Write(ref _isBroken, false);
                _failure = null;
            }
        }
        if (isInAction)
            throw new InvalidOperationException($"{this} cannot be reset while its post-phase action runs");
        WakeAllOf(phase, Broken);
    }

    private void ThrowBroken(Exception? failure) => throw new GreenBarrierBrokenException(
        failure is null ? $"{this} is broken: somebody gave up" : $"{this} is broken: its post-phase action failed", failure);
}
