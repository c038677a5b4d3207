namespace GreenThreads.Stress;

/// <summary>
/// Forces collections of every kind. Never a compacting one that does not block: the runtime then repeats foreground collections until a
/// running background one ends, and so starves it (DESIGN.md §2, hints).
/// </summary>
internal sealed class Collector : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _stop;
    private int _forced;

    /// <param name="seed">Of the kinds and the rests.</param>
    /// <param name="rest">Milliseconds between two collections, at most.</param>
    internal Collector(int seed, int rest)
    {
        _thread = new Thread(() => Run(new Random(seed), rest)) { IsBackground = true, Name = "collector" };
        _thread.Start();
    }

    internal int Forced => Volatile.Read(ref _forced);

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    private void Run(Random random, int rest)
    {
        while (!_stop)
        {
            switch (random.Next(4))
            {
                case 0:
                    GC.Collect(0);
                    break;
                case 1:
                    GC.Collect(1);
                    break;
                case 2:
                    GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
                    break;
                default:
                    GC.Collect(2, GCCollectionMode.Forced, blocking: false, compacting: false);
                    break;
            }
            Interlocked.Increment(ref _forced);
            Thread.Sleep(random.Next(rest + 1));
        }
    }
}
