// Green threads under loads that check themselves, while another thread forces collections of every kind: objects, stack memory, thread statics,
// contexts and exceptions across parks (api, migrate), sums and tokens (skynet, ring), wake-ups (pairs), OS threads (affine), what a group leaves
// behind (shutdown), who gets on beside those that block (stuck), stock blocking code (waits), what short ones find (fresh), and classics of
// locks and channels (philosophers, barber, threadring, chameneos). Prints the seeds first, progress each second, and a line for each world.
//
// Exit codes: 0 nothing was wrong; 1 something was, or nobody got on any more; 2 bad usage. A crash has its own.
using System.Diagnostics;
using GreenThreads;
using GreenThreads.Stress;

if (StressOptions.Parse(args, out int exitCode) is not { } options)
    return exitCode;

string seeds = $"--seed {options.Seed} --schedulers {options.Schedulers} --schedule-seed {options.ScheduleSeed}";
Console.WriteLine($"{seeds}, {options.Threads} threads, {options.Seconds} s, server GC {System.Runtime.GCSettings.IsServerGC}, {(IsDebug() ? "Debug" : "Release")} build");
Console.Write(GreenRuntime.Describe());

World[] all = [new ApiWorld(), new MigrateWorld(), new SkynetWorld(), new RingWorld(), new PairsWorld(), new AffineWorld(), new ShutdownWorld(), new StuckWorld(), new WaitsWorld(),
    new FreshWorld(), new PhilosophersWorld(), new BarberWorld(), new ThreadRingWorld(), new ChameneosWorld()];
bool isBound = GreenRuntime.Mode == GreenRuntimeMode.Bound;
World[] worlds = [.. all.Where(world => options.Runs(world.Name) && (world.RunsBound || !isBound))];

int failed = 0;
foreach (World world in worlds)
{
    using var collector = new Collector(options.Seed, options.Rest);
    long started = Stopwatch.GetTimestamp();
    var watchdog = new Watchdog(world, collector, options.Patience, seeds);
    world.Run(options, options.Seed, TimeSpan.FromSeconds((double)options.Seconds / worlds.Length));
    watchdog.Stop();
    collector.Dispose();
    Console.WriteLine($"{world.Name}: {world.Summary}, {collector.Forced} forced collections, "
        + $"{GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} in all, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, {world.Failures.Count} failures");
    foreach (string failure in world.Failures.Take(10))
        Console.WriteLine(failure);
    failed += world.Failures.Count;
}
Console.WriteLine(failed == 0 ? "ok" : $"FAILED with {seeds}");
return failed == 0 ? 0 : 1;

static bool IsDebug()
{
#if DEBUG
    return true;
#else
    return false;
#endif
}
