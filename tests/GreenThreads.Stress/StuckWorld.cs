using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Green threads that block in native code and compute, at least as many as there are schedulers, beside tickers and an echo server: the monitor has to
/// notice, and spare schedulers to take over, so that the tickers hardly feel it.
/// </summary>
internal sealed class StuckWorld : World
{
    private const int Tickers = 20;

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_longBlock = TimeSpan.FromSeconds(3);

    // Less than the long blocks, and much more than a busy machine needs.
    private static readonly TimeSpan s_tolerated = TimeSpan.FromMilliseconds(1500);

    private GroupRun? _run;
    private Echo? _echo;
    private long _worstGap;
    private int _blocks;

    internal override string Name => "stuck";

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{Parties.Take(Tickers).Sum(static party => party.Count)} ticks, the longest gap {Gap.TotalMilliseconds:F0} ms, "
        + $"{_echo?.Answers} answers, {Volatile.Read(ref _blocks)} blocks, {SnapshotText.Totals(_run?.Group)}";

    private TimeSpan Gap => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _worstGap));

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        SchedulerGroup group = _run.Group;
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int blockers = options.Schedulers + 2;
        Parties = [.. Enumerable.Range(0, Tickers).Select(static i => new Party($"ticker {i}")),
            .. Enumerable.Range(0, blockers).Select(static i => new Party($"blocker {i}"))];
        var threads = new List<GreenThread>();
        using var echo = new Echo();
        _echo = echo;
        echo.Start(group, clients: 4, s_tick / 10, threads);
        for (int i = 0; i < Tickers + blockers; i++)
        {
            Party party = Parties[i];
            var random = new Random(seed + i);
            bool isTicker = i < Tickers;
            // Two that compute, whatever the number of schedulers: processors are few.
            bool computes = i < Tickers + 2;
            threads.Add(group.Spawn(() => Guard(party.Name, () =>
            {
                while (Stopwatch.GetTimestamp() < end)
                {
                    if (isTicker)
                        Tick();
                    else
                        Block(random, computes);
                    party.Step();
                }
                party.IsDone = true;
            })));
        }
        foreach (GreenThread thread in threads.Skip(1 + 4))
            thread.Join();
        echo.Stop();
        foreach (GreenThread client in threads.Skip(1).Take(4))
            Guard("an echo client", client.Join);
        echo.Dispose();
        Guard("the echo server", threads[0].Join);
        if (Gap > s_tolerated)
            Failures.Enqueue($"a ticker waited for {Gap.TotalMilliseconds:F0} ms instead of {s_tick.TotalMilliseconds:F0} ms");
        if (echo.Answers == 0)
            Failures.Enqueue("no answer from the echo server");
        _run.End();
    }

    private void Tick()
    {
        long start = Stopwatch.GetTimestamp();
        GreenThread.Sleep(s_tick);
        long gap = Stopwatch.GetTimestamp() - start;
        for (long worst = Volatile.Read(ref _worstGap); gap > worst;)
        {
            long seen = Interlocked.CompareExchange(ref _worstGap, gap, worst);
            if (seen == worst)
                break;
            worst = seen;
        }
    }

    private void Block(Random random, bool computes)
    {
        GreenThread.Sleep(TimeSpan.FromMilliseconds(random.Next(10)));
        Interlocked.Increment(ref _blocks);
        if (!computes)
        {
            Thread.Sleep(random.Next(20) == 0 ? s_longBlock : TimeSpan.FromMilliseconds(random.Next(1, 200)));
            return;
        }
        long end = Stopwatch.GetTimestamp() + random.Next(1, 100) * Stopwatch.Frequency / 1000;
        while (Stopwatch.GetTimestamp() < end)
            Thread.SpinWait(100);
    }
}
