namespace GreenThreads.Stress;

/// <summary>Primitives that everybody shares, and an account of what they hold. Whoever takes something gives it back, so nobody waits for ever.</summary>
internal sealed class WaitsTable
{
    private const int Permits = 3;
    private const int EventTokens = 2;

    private readonly object _lock = new();
    private readonly Lock _newLock = new();
    private readonly ReaderWriterLockSlim _readerWriter = new();
    private readonly SemaphoreSlim _slim = new(Permits);
    private readonly Semaphore _semaphore = new(Permits, Permits);
    private readonly AutoResetEvent[] _tokens = [.. Enumerable.Range(0, EventTokens).Select(static _ => new AutoResetEvent(true))];
    private readonly ManualResetEventSlim _gate = new(true);
    private readonly object _monitor = new();

    // Each written under its lock.
    private int _inLock;
    private int _inNewLock;
    private int _writers;
    private int _monitorTurn;

    // Interlocked.
    private int _slimHeld;
    private int _semaphoreHeld;
    private int _tokensHeld;
    private int _readers;
    private int _timedOut;
    private int _canceled;

    internal int TimedOut => Volatile.Read(ref _timedOut);

    internal int Canceled => Volatile.Read(ref _canceled);

    internal void Any(Random random)
    {
        switch (random.Next(11))
        {
            case 0: TakeLock(random); break;
            case 1: TakeNewLock(random); break;
            case 2: ReadOrWrite(random); break;
            case 3: TakeSlim(random); break;
            case 4: TakeSemaphore(random); break;
            case 5: TakeToken(random); break;
            case 6: TakeAllTokens(random); break;
            case 7: WaitForGate(random); break;
            case 8: WaitForTurn(random); break;
            case 9: WaitForTask(random); break;
            default: GreenThread.Yield(); break;
        }
    }

    /// <summary>What is not as it was at the beginning, when nobody is here any more.</summary>
    internal IEnumerable<string> Audit()
    {
        if (_slim.CurrentCount != Permits)
            yield return $"SemaphoreSlim has {_slim.CurrentCount} permits of {Permits}";
        int permits = 0;
        while (_semaphore.WaitOne(0))
            permits++;
        if (permits != Permits)
            yield return $"Semaphore has {permits} permits of {Permits}";
        int tokens = _tokens.Count(static token => token.WaitOne(0));
        if (tokens != EventTokens)
            yield return $"{tokens} of {EventTokens} auto-reset events are set";
    }

    private static void Dawdle(Random random)
    {
        switch (random.Next(8))
        {
            case 0: GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(500))); break;
            case 1: GreenThread.Yield(); break;
            case 2: Thread.Yield(); break;
            default: break;
        }
    }

    private static TimeSpan AnyTimeout(Random random) => random.Next(3) == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(random.Next(3));

    private static void Only(ref int inside, Random random, string what)
    {
        Check.That(++inside == 1, $"two in one {what}");
        Dawdle(random);
        Check.That(inside-- == 1, $"two in one {what}");
    }

    private void TakeLock(Random random)
    {
        if (!Monitor.TryEnter(_lock, AnyTimeout(random)))
        {
            Interlocked.Increment(ref _timedOut);
            return;
        }
        try
        {
            Only(ref _inLock, random, "lock");
        }
        finally
        {
            Monitor.Exit(_lock);
        }
    }

    private void TakeNewLock(Random random)
    {
        if (!_newLock.TryEnter(AnyTimeout(random)))
        {
            Interlocked.Increment(ref _timedOut);
            return;
        }
        try
        {
            Only(ref _inNewLock, random, "Lock");
        }
        finally
        {
            _newLock.Exit();
        }
    }

    private void ReadOrWrite(Random random)
    {
        if (random.Next(4) == 0)
        {
            _readerWriter.EnterWriteLock();
            Check.That(Volatile.Read(ref _readers) == 0, "a reader beside a writer");
            Only(ref _writers, random, "write lock");
            _readerWriter.ExitWriteLock();
            return;
        }
        if (!_readerWriter.TryEnterReadLock(AnyTimeout(random)))
        {
            Interlocked.Increment(ref _timedOut);
            return;
        }
        Interlocked.Increment(ref _readers);
        Check.That(_writers == 0, "a writer beside a reader");
        Dawdle(random);
        Interlocked.Decrement(ref _readers);
        _readerWriter.ExitReadLock();
    }

    private void TakeSlim(Random random)
    {
        using var source = new CancellationTokenSource();
        if (random.Next(3) == 0)
            source.CancelAfter(random.Next(3));
        try
        {
            if (!_slim.Wait(AnyTimeout(random), source.Token))
            {
                Interlocked.Increment(ref _timedOut);
                return;
            }
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            Interlocked.Increment(ref _canceled);
            return;
        }
        Check.That(Interlocked.Increment(ref _slimHeld) <= Permits, "more permits than there are");
        Dawdle(random);
        Interlocked.Decrement(ref _slimHeld);
        _slim.Release();
    }

    private void TakeSemaphore(Random random)
    {
        if (!_semaphore.WaitOne(AnyTimeout(random)))
        {
            Interlocked.Increment(ref _timedOut);
            return;
        }
        Check.That(Interlocked.Increment(ref _semaphoreHeld) <= Permits, "more permits than there are");
        Dawdle(random);
        Interlocked.Decrement(ref _semaphoreHeld);
        _semaphore.Release();
    }

    private void TakeToken(Random random)
    {
        int index = WaitHandle.WaitAny(_tokens, AnyTimeout(random));
        if (index == WaitHandle.WaitTimeout)
        {
            Interlocked.Increment(ref _timedOut);
            return;
        }
        Check.That(Interlocked.Increment(ref _tokensHeld) <= EventTokens, "more tokens than there are");
        Dawdle(random);
        Interlocked.Decrement(ref _tokensHeld);
        _tokens[index].Set();
    }

    private void TakeAllTokens(Random random)
    {
        // With a limit: those who take one each may starve it.
        if (!WaitHandle.WaitAll(_tokens, TimeSpan.FromMilliseconds(random.Next(5))))
        {
            Interlocked.Increment(ref _timedOut);
            return;
        }
        Check.That(Interlocked.Add(ref _tokensHeld, EventTokens) == EventTokens, "all tokens, and somebody has one");
        Dawdle(random);
        Interlocked.Add(ref _tokensHeld, -EventTokens);
        foreach (AutoResetEvent token in _tokens)
            token.Set();
    }

    private void WaitForGate(Random random)
    {
        if (random.Next(4) != 0)
        {
            if (!_gate.Wait(AnyTimeout(random)))
                Interlocked.Increment(ref _timedOut);
            return;
        }
        _gate.Reset();
        Dawdle(random);
        _gate.Set();
    }

    private void WaitForTurn(Random random)
    {
        lock (_monitor)
        {
            // Everybody who comes makes a turn, and some wait for the next one. The limit is for the last to come.
            _monitorTurn++;
            Monitor.PulseAll(_monitor);
            int turn = _monitorTurn;
            if (random.Next(2) == 0 && !Monitor.Wait(_monitor, 1 + random.Next(3)))
                Interlocked.Increment(ref _timedOut);
            else
                Check.That(_monitorTurn >= turn, "a turn went back");
        }
    }

    private void WaitForTask(Random random)
    {
        var source = new TaskCompletionSource<int>(random.Next(2) == 0 ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);
        int value = random.Next();
        switch (random.Next(3))
        {
            case 0: GreenThread.Spawn(() => source.SetResult(value)); break;
            case 1: ThreadPool.QueueUserWorkItem(_ => source.SetResult(value)); break;
            default: Task.Delay(1).ContinueWith(_ => source.SetResult(value), TaskScheduler.Default); break;
        }
        int result = random.Next(2) == 0 ? source.Task.Result : GreenThread.Await(source.Task);
        Check.That(result == value, "another task's result");
    }
}
