using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// Many readers or one writer. The word has a bit for the writer, one that sends everybody to the gate, and the number of readers above them.
//
//   no Waited    nobody waits; everything is a compare-exchange
//   Waited       somebody waits, or did: the word changes under the gate only (GreenRwLock.Wait.cs)
//
// Nobody starves (the rule of Go's sync.RWMutex): readers who come while a writer waits queue behind it, so those inside leave and it gets in;
// and a writer who leaves lets in all readers who came before that, before the next writer. So a reader waits for one writer at most, and
// between two writers there is one turn of readers at most. Writers among themselves come in their order.

/// <summary>
/// A lock that many may have for reading or one for writing, for green threads and OS threads: whoever waits parks, or blocks its OS thread
/// if it is none. Neither readers nor writers starve. It is not reentrant, and a reader cannot become a writer: it would wait for itself.
/// </summary>
public sealed partial class GreenRwLock : GreenPrimitive
{
    private const int Free = 0;
    private const int Writer = 1;
    private const int Waited = 2;
    private const int Reader = 4; // each

    private int _word;

    // Who has it for writing; null before the word says that nobody has. Written by the owner, or by who hands it over.
    private Waiter? _writer;

    /// <summary>How many have it for reading at this moment. For people and tools.</summary>
    public int ReaderCount => Volatile.Read(ref _word) / Reader;

    /// <summary>Whether somebody has it for writing at this moment. For people and tools.</summary>
    public bool IsWriteLocked => (Volatile.Read(ref _word) & Writer) != 0;

    /// <summary>
    /// The green thread that has it for writing; null if none has, or an OS thread. It does not know who its readers are. For people and
    /// tools: it has changed when the caller looks at it.
    /// </summary>
    public GreenThread? Owner => Volatile.Read(ref _writer) as GreenThread;

    /// <inheritdoc/>
    internal override Waiter? OwnerForTools => Volatile.Read(ref _writer);

    /// <summary>
    /// Takes it for reading; waits if somebody has it for writing, or waits for that. Parks a green thread; blocks a plain OS thread.
    /// </summary>
    /// <returns>Gives it back when disposed of: using (rwLock.EnterRead()) { ... }</returns>
    /// <exception cref="LockRecursionException">The caller has it for writing.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public ReadScope EnterRead()
    {
        Waiter self = EnterAsWaiter();
        if (!TryEnterReadFast())
            EnterReadSlow(self, Deadline.Never, default);
        return new ReadScope(this);
    }

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait. If it is cancelled already, the lock is not taken.</param>
    /// <returns>Gives it back when disposed of.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="LockRecursionException">The caller has it for writing.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public ReadScope EnterRead(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (!TryEnterReadFast() && !EnterReadSlow(self, Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
        return new ReadScope(this);
    }

    /// <summary>Takes it for reading if nobody has it for writing, or waits for that. Does not park.</summary>
    /// <returns>Whether the caller has it now; if so, it owes an <see cref="ExitRead"/>.</returns>
    /// <exception cref="LockRecursionException">The caller has it for writing.</exception>
    public bool TryEnterRead()
    {
        Waiter self = EnterAsWaiter();
        if (TryEnterReadFast())
            return true;
        ThrowIfWriter(self);
        using (Gate.Enter())
            return TryEnterReadLocked();
    }

    /// <summary>Takes it for reading, or waits for a limited time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait as well. If it is cancelled already, the lock is not taken.</param>
    /// <returns>Whether the caller has it now; if so, it owes an <see cref="ExitRead"/>. False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="LockRecursionException">The caller has it for writing.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public bool TryEnterRead(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (TryEnterReadFast() || EnterReadSlow(self, deadline, cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>Gives it back after reading. Does not park. The lock does not know its readers: it must be the caller's own.</summary>
    /// <exception cref="SynchronizationLockException">Nobody has it for reading.</exception>
    public void ExitRead()
    {
        int word = Volatile.Read(ref _word);
        while (word >= Reader && (word & Waited) == 0)
        {
            int found = Interlocked.CompareExchange(ref _word, word - Reader, word);
            if (found == word)
                return;
            word = found;
        }
        ExitReadSlow();
    }

    /// <summary>Takes it for writing; waits while others have it. Parks a green thread; blocks a plain OS thread.</summary>
    /// <returns>Gives it back when disposed of: using (rwLock.EnterWrite()) { ... }</returns>
    /// <exception cref="LockRecursionException">The caller has it for writing already.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public WriteScope EnterWrite()
    {
        Waiter self = EnterAsWaiter();
        if (!TryEnterWriteFast(self))
            EnterWriteSlow(self, Deadline.Never, default);
        return new WriteScope(this, self);
    }

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait. If it is cancelled already, the lock is not taken.</param>
    /// <returns>Gives it back when disposed of.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="LockRecursionException">The caller has it for writing already.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public WriteScope EnterWrite(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (!TryEnterWriteFast(self) && !EnterWriteSlow(self, Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
        return new WriteScope(this, self);
    }

    /// <summary>Takes it for writing if nobody has it. Does not park.</summary>
    /// <returns>Whether the caller has it now; if so, it owes an <see cref="ExitWrite"/>.</returns>
    /// <exception cref="LockRecursionException">The caller has it for writing already.</exception>
    public bool TryEnterWrite()
    {
        Waiter self = EnterAsWaiter();
        if (TryEnterWriteFast(self))
            return true;
        ThrowIfWriter(self);
        using (Gate.Enter())
            return TryEnterWriteLocked(self);
    }

    /// <summary>Takes it for writing, or waits for a limited time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait as well. If it is cancelled already, the lock is not taken.</param>
    /// <returns>Whether the caller has it now; if so, it owes an <see cref="ExitWrite"/>. False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="LockRecursionException">The caller has it for writing already.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public bool TryEnterWrite(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (TryEnterWriteFast(self) || EnterWriteSlow(self, deadline, cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>Gives it back after writing. Does not park.</summary>
    /// <exception cref="SynchronizationLockException">The caller does not have it for writing.</exception>
    public void ExitWrite() => ExitWriteFor(EnterAsWaiter());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExitWriteFor(Waiter self)
    {
        if (_writer != self)
            ThrowNotWriter();
        _writer = null; // Before the word: afterwards it is the next owner's.
        if (Interlocked.CompareExchange(ref _word, Free, Writer) != Writer)
            ExitWriteSlow();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryEnterReadFast()
    {
        int word = Volatile.Read(ref _word);
        while ((word & (Writer | Waited)) == 0)
        {
            int found = Interlocked.CompareExchange(ref _word, word + Reader, word);
            if (found == word)
                return true;
            word = found;
        }
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryEnterWriteFast(Waiter self)
    {
        if (Interlocked.CompareExchange(ref _word, Writer, Free) != Free)
            return false;
        _writer = self;
        return true;
    }

    private void ThrowIfWriter(Waiter self)
    {
        // Nobody else ever writes the caller here while it does not wait, so this needs no fence.
        if (_writer == self)
            throw new LockRecursionException($"{self} has {this} for writing already, which is not reentrant");
    }

    private void ThrowNotWriter() =>
        throw new SynchronizationLockException($"{this} is not held for writing by the caller, but by {_writer?.ToString() ?? "nobody"}");

    private void ThrowNoReader() => throw new SynchronizationLockException($"nobody has {this} for reading");

    /// <summary>Gives the lock back when disposed of.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public readonly ref struct ReadScope
    {
        private readonly GreenRwLock? _lock;

        internal ReadScope(GreenRwLock rwLock) => _lock = rwLock;

        /// <summary>Gives the lock back. Does not park.</summary>
        public void Dispose() => _lock?.ExitRead();
    }

    /// <summary>Gives the lock back when disposed of.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public readonly ref struct WriteScope
    {
        private readonly GreenRwLock? _lock;
        private readonly Waiter _owner;

        internal WriteScope(GreenRwLock rwLock, Waiter owner)
        {
            _lock = rwLock;
            _owner = owner;
        }

        /// <summary>Gives the lock back. Does not park.</summary>
        /// <exception cref="SynchronizationLockException">The caller does not have it for writing any more.</exception>
        public void Dispose() => _lock?.ExitWriteFor(_owner);
    }
}
