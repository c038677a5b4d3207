namespace GreenThreads.Tests;

internal abstract class LockPrimitive : WaitPrimitive
{
    internal override bool IsLock => true;

    internal override void Hold() => Wait();

    internal override void LetGo() => Done();
}

internal sealed class MonitorPrimitive : LockPrimitive
{
    private readonly object _gate = new();

    internal override bool EndsWithGroup => false;

    internal override void Wait() => Monitor.Enter(_gate);

    internal override bool Wait(TimeSpan timeout) => Monitor.TryEnter(_gate, timeout);

    internal override void Done() => Monitor.Exit(_gate);
}

internal sealed class LockObjectPrimitive : LockPrimitive
{
    private readonly Lock _gate = new();

    internal override bool EndsWithGroup => false;

    internal override void Wait() => _gate.Enter();

    internal override bool Wait(TimeSpan timeout) => _gate.TryEnter(timeout);

    internal override void Done() => _gate.Exit();
}

internal sealed class WriteLockPrimitive : LockPrimitive
{
    private readonly ReaderWriterLockSlim _gate = new();

    internal override void Wait() => _gate.EnterWriteLock();

    internal override bool Wait(TimeSpan timeout) => _gate.TryEnterWriteLock(timeout);

    internal override void Done() => _gate.ExitWriteLock();
}

internal sealed class UpgradeableLockPrimitive : LockPrimitive
{
    private readonly ReaderWriterLockSlim _gate = new();

    internal override void Wait() => _gate.EnterUpgradeableReadLock();

    internal override bool Wait(TimeSpan timeout) => _gate.TryEnterUpgradeableReadLock(timeout);

    internal override void Done() => _gate.ExitUpgradeableReadLock();
}

/// <summary>Readers wait for a writer.</summary>
internal sealed class ReadLockPrimitive : LockPrimitive
{
    private readonly ReaderWriterLockSlim _gate = new();

    internal override bool IsExclusive => false;

    internal override void Hold() => _gate.EnterWriteLock();

    internal override void LetGo() => _gate.ExitWriteLock();

    internal override void Wait() => _gate.EnterReadLock();

    internal override bool Wait(TimeSpan timeout) => _gate.TryEnterReadLock(timeout);

    internal override void Done() => _gate.ExitReadLock();
}
