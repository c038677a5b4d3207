namespace GreenThreads.Stress;

/// <summary>Green threads that would never end, in all the states that a shutdown may find them in.</summary>
internal sealed class ShutdownLoad(World world, SchedulerGroup group, int seed)
{
    // For those of an incomplete shutdown.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Random _random = new(seed);
    private readonly List<GreenThread> _threads = [];
    private readonly List<Echo> _echoes = [];
    private int _exits;

    internal void Start(int count)
    {
        for (int i = 0; i < count; i++)
            StartOne();
        group.AtExit(() => _exits++);
        group.AtExit(() =>
        {
            GreenThread.Sleep(TimeSpan.FromMilliseconds(1)); // May park.
            GreenThread.Spawn(static () => GreenThread.Yield()).Join();
            _exits++;
        });
    }

    /// <summary>Wakes them for no reason, asks for snapshots and joins, until it is disposed of.</summary>
    internal IDisposable Meddle() => new Meddler(group, [.. _threads], _random.Next());

    internal void CheckEnded(string what)
    {
        Deadline deadline = Deadline.After(s_patience);
        foreach (GreenThread thread in _threads)
        {
            while (thread.State != GreenThreadState.Ended && !deadline.HasPassed)
                Thread.Sleep(1);
            if (thread.State != GreenThreadState.Ended)
                world.Failures.Enqueue($"{what}: {thread}, spawned at {thread.SpawnSite}, has not ended");
        }
        foreach (Echo echo in _echoes)
            echo.Dispose(); // Its server may never have started.
        if (_exits != 2)
            world.Failures.Enqueue($"{what}: {_exits} of 2 exit callbacks ran");
        try
        {
            group.Spawn(static () => { });
            world.Failures.Enqueue($"{what}: a green thread could be spawned after the end");
        }
        catch (InvalidOperationException)
        {
        }
    }

    private void StartOne()
    {
        switch (_random.Next(12))
        {
            case 0:
                Add(static () => GreenThread.Park());
                break;
            case 1:
                Add(static () => GreenThread.Sleep(TimeSpan.FromHours(1)));
                break;
            case 2:
                Add(static () => Forever(static () => GreenThread.Park(TimeSpan.FromMicroseconds(500))));
                break;
            case 3:
                Add(static () => Forever(GreenThread.Yield));
                break;
            case 4:
                Add(static () => Forever(static () => GreenThread.Spawn(static () => GreenThread.Yield()).Join()));
                break;
            case 5:
                Add(static () => Forever(static () =>
                {
                    GreenThread.Spawn(static () => GreenThread.Park());
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                }));
                break;
            case 6:
                Add(static () => Forever(static () =>
                {
                    Thread.SpinWait(1000);
                    GreenThread.YieldIfDue();
                }));
                break;
            case 7:
                _threads.Add(group.SpawnDaemon(() => world.Guard("a daemon", static () => GreenThread.Park())));
                break;
            case 8:
                Add(ParkInCatch);
                break;
            case 9:
                GreenThread joined = group.Spawn(static () => GreenThread.Park());
                _threads.Add(joined);
                Add(joined.Join);
                break;
            case 10:
                Add(static () => { });
                break;
            default:
                var echo = new Echo();
                _echoes.Add(echo);
                echo.Start(group, clients: 2, TimeSpan.FromMicroseconds(_random.Next(500)), _threads);
                break;
        }
    }

    private void Add(Action body) => _threads.Add(group.Spawn(() => world.Guard("a green thread", body)));

    private static void Forever(Action body)
    {
        while (true)
            body();
    }

    private static void ParkInCatch()
    {
        try
        {
            throw new InvalidOperationException();
        }
        catch (InvalidOperationException)
        {
            try
            {
                GreenThread.Park();
            }
            finally
            {
                Check.That(Coroutine.Current!.HasNativeFrames, "no native frame in a catch block");
            }
        }
    }

    private sealed class Meddler : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _stop;

        internal Meddler(SchedulerGroup group, GreenThread[] threads, int seed)
        {
            _thread = new Thread(() => Run(group, threads, new Random(seed))) { IsBackground = true };
            _thread.Start();
        }

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
        }

        private void Run(SchedulerGroup group, GreenThread[] threads, Random random)
        {
            while (!_stop)
            {
                threads[random.Next(threads.Length)].Unpark();
                if (random.Next(100) == 0)
                    group.Snapshot();
                if (random.Next(1000) == 0)
                    Thread.Sleep(1);
            }
        }
    }
}
