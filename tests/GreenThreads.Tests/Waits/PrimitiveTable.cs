namespace GreenThreads.Tests;

/// <summary>Who waits, and who lets go.</summary>
public enum Pairing
{
    GreenWaitsForGreen,
    GreenWaitsForOsThread,
    OsThreadWaitsForGreen,
}

/// <summary>
/// The rows. Not among them: Mutex, which belongs to the OS thread (MutexTests), and SpinLock, which never waits for anything that a scheduler could know of:
/// both are outside the contract (docs/limits.md).
/// </summary>
internal static class PrimitiveTable
{
    private static readonly (string Name, Func<WaitSetup, WaitPrimitive> Make)[] s_rows =
    [
        ("lock", static _ => new MonitorPrimitive()),
        ("Lock", static _ => new LockObjectPrimitive()),
        ("ReaderWriterLockSlim.EnterReadLock", static _ => new ReadLockPrimitive()),
        ("ReaderWriterLockSlim.EnterWriteLock", static _ => new WriteLockPrimitive()),
        ("ReaderWriterLockSlim.EnterUpgradeableReadLock", static _ => new UpgradeableLockPrimitive()),
        ("Monitor.Wait", static _ => new MonitorWaitPrimitive()),
        ("AutoResetEvent", static _ => new AutoResetEventPrimitive()),
        ("Semaphore", static _ => new SemaphorePrimitive()),
        ("SemaphoreSlim", static _ => new SemaphoreSlimPrimitive()),
        ("BlockingCollection.Take", static _ => new BlockingCollectionPrimitive()),
        ("Channel", static _ => new ChannelPrimitive()),
        ("WaitHandle.WaitAny", static _ => new WaitAnyPrimitive()),
        ("WaitHandle.WaitAll", static _ => new WaitAllPrimitive()),
        ("ManualResetEvent", static _ => new ManualResetEventPrimitive()),
        ("ManualResetEventSlim", static _ => new ManualResetEventSlimPrimitive()),
        ("CountdownEvent", static _ => new CountdownEventPrimitive()),
        ("Barrier", static setup => new BarrierPrimitive(setup.Waiters)),
        ("CancellationToken.WaitHandle", static _ => new CancellationTokenPrimitive()),
        ("Thread.Join", static _ => new ThreadJoinPrimitive()),
        ("Lazy", static setup => new LazyPrimitive(setup.StartOther)),
        ("Task.Wait", static _ => new TaskWaitPrimitive()),
        ("Task.Result", static _ => new TaskResultPrimitive()),
        ("Task.GetAwaiter.GetResult", static _ => new TaskGetResultPrimitive()),
        ("Task.WaitAny", static _ => new TaskWaitAnyPrimitive()),
        ("Task.WaitAll", static _ => new TaskWaitAllPrimitive()),
    ];

    internal static IEnumerable<string> Names => s_rows.Select(static row => row.Name);

    internal static WaitPrimitive Make(string name, WaitSetup setup) => s_rows.Single(row => row.Name == name).Make(setup);

    /// <summary>The rows that a condition holds for, each with every pairing.</summary>
    internal static TheoryData<string, Pairing> Rows(Func<WaitPrimitive, Pairing, bool> condition)
    {
        var rows = new TheoryData<string, Pairing>();
        foreach ((string name, Func<WaitSetup, WaitPrimitive> make) in s_rows)
        {
            WaitPrimitive primitive = make(new WaitSetup(1, static _ => { }));
            foreach (Pairing pairing in Enum.GetValues<Pairing>())
            {
                if (condition(primitive, pairing))
                    rows.Add(name, pairing);
            }
            if (primitive is ThreadJoinPrimitive)
                primitive.LetGo();
        }
        return rows;
    }
}
