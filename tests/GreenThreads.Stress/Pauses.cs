namespace GreenThreads.Stress;

/// <summary>The ways in which a green thread leaves its OS thread and comes back.</summary>
internal static class Pauses
{
    /// <summary>One of them.</summary>
    /// <param name="random">Chooses.</param>
    /// <param name="peers">Green threads that are unparked now and then for no reason.</param>
    internal static void Any(Random random, GreenThread?[] peers)
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
                peers[random.Next(peers.Length)]?.Unpark();
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
