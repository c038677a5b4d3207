using System.Diagnostics;

namespace GreenThreads.Tests;

/// <summary>
/// A crowd for one primitive: green threads that stay, green threads that are cancelled at any moment and replaced, and plain OS threads, all
/// doing the same for a while. A lost wake-up is a hang, and the limit on it names the seed.
/// </summary>
internal sealed class SyncCrowd(int seed)
{
    // Each does so many, however late it comes to run.
    private const int LeastRounds = 20;

    private readonly long _end = Stopwatch.GetTimestamp() + (long)(0.3 * Stopwatch.Frequency);
    private long _rounds;

    internal int Green { get; init; } = 12;

    internal int Victims { get; init; } = 4;

    internal int Os { get; init; } = 2;

    /// <summary>How often a body has come to its end.</summary>
    internal long Rounds => Volatile.Read(ref _rounds);

    /// <summary>
    /// Repeats the body on everybody until the time is over. Whatever it counts it has to count where a cancellation cannot come in between.
    /// </summary>
    internal void Run(Action<Random> body)
    {
        var tasks = new List<Task>();
        for (int i = 0; i < Green; i++)
            tasks.Add(GreenThreadsOfTests.Start(Loop(i)));
        for (int i = 0; i < Os; i++)
            tasks.Add(OsThreads.Start(Loop(1000 + i)));
        for (int i = 0; i < Victims; i++)
            tasks.Add(GreenThreadsOfTests.Start(LoopOfVictims(2000 + i)));
        if (!Task.WhenAll(tasks).Wait(TimeLimit.Generous))
            throw new TimeoutException($"{tasks.Count(task => !task.IsCompleted)} of {tasks.Count} hang with seed {seed}");
        Assert.True(Rounds >= (Green + Os) * LeastRounds);

        Action Loop(int index) => () =>
        {
            var random = new Random(seed + index);
            for (int round = 0; round < LeastRounds || Stopwatch.GetTimestamp() < _end; round++)
                Once(random);
        };

        Action LoopOfVictims(int index) => () =>
        {
            var random = new Random(seed + index);
            for (int round = 0; round < LeastRounds || Stopwatch.GetTimestamp() < _end; round++)
            {
                var own = new Random(random.Next());
                GreenThread victim = GreenThread.Spawn(() =>
                {
                    while (true)
                    {
                        Once(own);
                        GreenThread.Yield();
                    }
                });
                GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(500)));
                victim.Cancel();
                Assert.Throws<GreenThreadCanceledException>(victim.Join);
            }
        };

        void Once(Random random)
        {
            body(random);
            Interlocked.Increment(ref _rounds);
        }
    }

    /// <summary>A short timeout, often none at all.</summary>
    internal static TimeSpan Timeout(Random random) => TimeSpan.FromMicroseconds(random.Next(3) == 0 ? 0 : random.Next(200));

    /// <summary>
    /// Whether an operation that takes a token did what it does; sometimes the token is cancelled at once, sometimes while it waits,
    /// sometimes never.
    /// </summary>
    internal static bool TryWithToken(Random random, Action<CancellationToken> operation)
    {
        using var cancellation = new CancellationTokenSource();
        switch (random.Next(4))
        {
            case 0:
                cancellation.Cancel();
                break;
            case 1:
                int spins = random.Next(200);
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    Thread.SpinWait(spins);
                    try
                    {
                        cancellation.Cancel();
                    }
                    catch (ObjectDisposedException)
                    {
                        // It has done without.
                    }
                });
                break;
        }
        try
        {
            operation(cancellation.Token);
            return true;
        }
        catch (OperationCanceledException exception)
        {
            Assert.Equal(cancellation.Token, exception.CancellationToken);
            return false;
        }
    }

    /// <summary>Lets others run, in one way or another, or does not.</summary>
    internal static void Pause(Random random)
    {
        switch (random.Next(16))
        {
            case < 3:
                GreenThread.Yield();
                break;
            case 3:
                GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(50)));
                break;
            case < 6:
                Thread.SpinWait(random.Next(100));
                break;
        }
    }
}
