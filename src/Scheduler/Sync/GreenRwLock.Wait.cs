namespace GreenThreads;

// Those who wait. They are let in by whoever makes room, in the word as well as out of the list. While somebody is in a list, the word says
// Waited.
public sealed partial class GreenRwLock
{
    // Guarded by the gate.
    private WaitList _readers;
    private WaitList _writers;

    // How many writers have left while somebody waited; each reader's place says how many had when it came (Waiter.ListTag). Guarded by the
    // gate.
    private long _turn;

    // The turn before which readers came who are being let in, whether or not writers wait; 0 if none are. Guarded by the gate.
    private long _before;

    private protected override int ListCount => 2;

    private protected override WaitList ListAt(int index) => index switch
    {
        0 => _writers,
        _ => _readers,
    };

    private bool EnterReadSlow(Waiter self, Deadline deadline, CancellationToken cancellationToken)
    {
        ThrowIfWriter(self);
        using (Gate.Enter())
        {
            if (TryEnterReadLocked())
                return true;
            self.ListTag = _turn;
            _readers.Add(self);
        }
        return ParkUntilGranted(ref _readers, self, self, deadline, cancellationToken);
    }

    private bool EnterWriteSlow(Waiter self, Deadline deadline, CancellationToken cancellationToken)
    {
        ThrowIfWriter(self);
        using (Gate.Enter())
        {
            if (TryEnterWriteLocked(self))
                return true;
            _writers.Add(self);
        }
        bool isGranted = false;
        try
        {
            isGranted = ParkUntilGranted(ref _writers, self, self, deadline, cancellationToken);
        }
        finally
        {
            // Readers may have queued only because this one waited.
            if (!isGranted)
                LetIn();
        }
        return isGranted;
    }

    private void ExitReadSlow()
    {
        int word;
        using (Gate.Enter())
        {
            word = Volatile.Read(ref _word);
            while (word >= Reader)
            {
                int found = Interlocked.CompareExchange(ref _word, word - Reader, word);
                if (found == word)
                    break;
                word = found;
            }
        }
        if (word < Reader)
            ThrowNoReader();
        LetIn();
    }

    // The word is Writer and Waited, and the caller owned it.
    private void ExitWriteSlow()
    {
        using (Gate.Enter())
        {
            _before = ++_turn;
            Volatile.Write(ref _word, Waited);
        }
        LetIn();
    }

    /// <returns>True if the caller has it now. Otherwise the word says Waited, until the gate is free at least.</returns>
    private bool TryEnterReadLocked()
    {
        while (true)
        {
            int word = Volatile.Read(ref _word);
            if ((word & Writer) == 0 && _writers.IsEmpty)
            {
                if (Interlocked.CompareExchange(ref _word, word + Reader, word) == word)
                    return true;
            }
            else if ((word & Waited) != 0 || Interlocked.CompareExchange(ref _word, word | Waited, word) == word)
            {
                return false;
            }
        }
    }

    /// <inheritdoc cref="TryEnterReadLocked"/>
    private bool TryEnterWriteLocked(Waiter self)
    {
        while (true)
        {
            int word = Volatile.Read(ref _word);
            // Free, but for a Waited that was left by somebody who gave up. Whoever waits while it is free is about to be let in.
            if ((word & ~Waited) == 0 && _writers.IsEmpty && _readers.IsEmpty)
            {
                if (Interlocked.CompareExchange(ref _word, Writer, word) == word)
                {
                    _writer = self;
                    return true;
                }
            }
            else if ((word & Waited) != 0 || Interlocked.CompareExchange(ref _word, word | Waited, word) == word)
            {
                return false;
            }
        }
    }

    /// <summary>Lets in those who may come in now, and wakes them.</summary>
    private void LetIn()
    {
        WakeBatch ready = default;
        bool mayBeMore;
        do
        {
            using (Gate.Enter())
                mayBeMore = LetInLocked(ref ready);
            ready.Wake();
        }
        while (mayBeMore);
    }

    // The first of them may have left again before the gate is free for the next, so whoever comes here goes on with what another has begun.
    private bool LetInLocked(ref WakeBatch ready)
    {
        // If nobody waits, others may be changing the word. Otherwise it is ours.
        int word = Volatile.Read(ref _word);
        if ((word & Waited) == 0 || (word & Writer) != 0)
            return false;
        while (_readers.First is Waiter reader && (_writers.IsEmpty || reader.ListTag < _before))
        {
            if (ready.IsFull)
                return true;
            Volatile.Write(ref _word, word += Reader);
            _readers.Remove(reader);
            ready.Add(reader);
        }
        _before = 0;
        if (word == Waited && _writers.First is Waiter writer)
        {
            _writer = writer; // Before it leaves the list: then it looks.
            Volatile.Write(ref _word, word |= Writer);
            _writers.Remove(writer);
            ready.Add(writer);
        }
        if (_readers.IsEmpty && _writers.IsEmpty)
            Volatile.Write(ref _word, word & ~Waited);
        return false;
    }
}
