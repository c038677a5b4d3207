using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>Green threads of the default group, through the public API alone.</summary>
internal sealed class ApiWorld : World
{
    private GreenThread?[] _threads = [];

    internal override string Name => "api";

    internal override void Run(int threads, int seed, TimeSpan duration)
    {
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        _threads = new GreenThread?[threads];
        for (int i = 0; i < threads; i++)
        {
            int id = i;
            _threads[i] = GreenThread.Spawn(() => RunBody(id, seed + id, () => Stopwatch.GetTimestamp() < end));
        }
        foreach (GreenThread? thread in _threads)
            thread!.Join();
    }

    protected override void PauseCore(Random random)
    {
        switch (random.Next(16))
        {
            case 0:
                GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(3000)));
                break;
            case 1:
                GreenThread.Park(TimeSpan.FromMicroseconds(random.Next(2000)));
                break;
            case 2:
                int seed = random.Next();
                int result = GreenThread.Spawn(() => seed + 1).Result;
                Check.That(result == seed + 1, "a child's result");
                break;
            case 3:
                GreenThread? child = null;
                GreenThread self = GreenThread.Current!;
                child = GreenThread.Spawn(self.Unpark);
                GreenThread.Park();
                child.Join();
                break;
            case 4:
                _threads[random.Next(_threads.Length)]?.Unpark();
                break;
            case 5:
                var fromOutside = new ManualUnpark(GreenThread.Current!);
                ThreadPool.UnsafeQueueUserWorkItem(fromOutside, preferLocal: false);
                while (!fromOutside.IsDone)
                    GreenThread.Park();
                break;
            default:
                GreenThread.Yield();
                break;
        }
    }

    private sealed class ManualUnpark(GreenThread thread) : IThreadPoolWorkItem
    {
        private volatile bool _isDone;

        internal bool IsDone => _isDone;

        public void Execute()
        {
            _isDone = true;
            thread.Unpark();
        }
    }
}
