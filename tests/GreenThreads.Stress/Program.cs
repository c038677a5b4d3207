// Green threads check their own objects, stack memory, thread statics, contexts and exceptions across parks, while another thread forces
// collections of every kind. Prints the seed first, progress each second, and one line at the end.
//
// Exit codes: 0 nothing was damaged; 1 something was; 2 bad usage. A crash has its own.
using System.Diagnostics;
using GreenThreads;
using GreenThreads.Stress;

if (StressOptions.Parse(args, out int exitCode) is not { } options)
    return exitCode;

int seed = options.Seed != 0 ? options.Seed : Environment.TickCount & int.MaxValue;
Console.WriteLine($"seed {seed}, {options.Threads} threads, {options.Seconds} s, server GC {System.Runtime.GCSettings.IsServerGC}, {(IsDebug() ? "Debug" : "Release")} build");
Console.Write(GreenRuntime.Describe());

var worlds = new List<World>();
if (options.World is "api" or "all")
    worlds.Add(new ApiWorld());
if (options.World is "migrate" or "all" && GreenRuntime.Mode == GreenRuntimeMode.Switched)
    worlds.Add(new MigrateWorld(options.Carriers));

int failed = 0;
foreach (World world in worlds)
{
    using var collector = new Collector(seed);
    long started = Stopwatch.GetTimestamp();
    var progress = new Progress(world, collector);
    world.Run(options.Threads, seed, TimeSpan.FromSeconds((double)options.Seconds / worlds.Count));
    progress.Stop();
    collector.Dispose();
    Console.WriteLine($"{world.Name}: {world.Rounds} rounds, {world.Pauses} pauses, {collector.Forced} forced collections, "
        + $"{GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} in all, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, {world.Failures.Count} failures");
    foreach (string failure in world.Failures.Take(10))
        Console.WriteLine(failure);
    failed += world.Failures.Count;
}
Console.WriteLine(failed == 0 ? "ok" : $"FAILED with seed {seed}");
return failed == 0 ? 0 : 1;

static bool IsDebug()
{
#if DEBUG
    return true;
#else
    return false;
#endif
}
