namespace GreenThreads;

// One runs the action, the others wait in the list. If it fails, the next of them is woken to run it, and competes with whoever comes by: one
// who was woken always looks here before it gives up, so there is never nobody to run it while somebody waits.
//
// A failed run does not count. .NET's Lazy keeps the exception for everybody, and Go's sync.Once counts a panic as done; but a green thread
// may be cancelled in the middle of it, which is nobody else's business.

/// <summary>
/// Runs an action once, whoever comes first, for green threads and OS threads: those who come meanwhile wait for its end (they park, or block
/// their OS thread if they are none). If it throws, that is thrown to who ran it, and the next one runs its own.
/// </summary>
public sealed class GreenOnce : GreenPrimitive
{
    private volatile bool _isDone;

    // Guarded by the gate; read by tools.
    private Waiter? _runner;
    private WaitList _waiters;

    /// <summary>Whether an action has run to its end.</summary>
    public bool IsDone => _isDone;

    /// <summary>Who runs the action.</summary>
    internal override Waiter? OwnerForTools => Volatile.Read(ref _runner);

    private protected override WaitList ListAt(int index) => _waiters;

    /// <summary>Runs the action if none has run to its end yet; waits while somebody runs one. When it returns, one has.</summary>
    /// <param name="action">May park.</param>
    /// <exception cref="ArgumentNullException">There is no action.</exception>
    /// <exception cref="LockRecursionException">The action itself calls this.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    /// <exception cref="Exception">What the action threw, if the caller ran it.</exception>
    public void Run(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (_isDone || !TryBegin())
            return;
        bool isDone = false;
        try
        {
            action();
            isDone = true;
        }
        finally
        {
            End(isDone);
        }
    }

    /// <summary>Waits until there is nothing to run, or it is the caller's turn, which owes an <see cref="End"/> then.</summary>
    /// <returns>False if there is nothing to run.</returns>
    internal bool TryBegin()
    {
        Waiter self = EnterAsWaiter();
        while (true)
        {
            using (Gate.Enter())
            {
                if (_isDone)
                    return false;
                if (_runner is null)
                {
                    Volatile.Write(ref _runner, self);
                    return true;
                }
                if (_runner != self)
                {
                    self.ListTag = 0;
                    _waiters.Add(self);
                }
            }
            // Nobody else ever writes the caller here, so this needs no gate.
            if (_runner == self)
                throw new LockRecursionException($"what {self} runs for {this} waits for itself");
            ParkUntilGranted(ref _waiters, self, self, Deadline.Never, default);
        }
    }

    internal void End(bool isDone)
    {
        WaitNode? next = null;
        using (Gate.Enter())
        {
            Volatile.Write(ref _runner, null);
            _isDone = isDone;
            if (!isDone)
                next = _waiters.TakeFirst();
        }
        next?.Wake();
        if (isDone)
            WakeAllBefore(long.MaxValue, ref _waiters);
    }
}
