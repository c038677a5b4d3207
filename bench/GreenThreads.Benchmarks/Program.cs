using BenchmarkDotNet.Running;
using GreenThreads.Benchmarks;

// "parked [COUNT]" measures memory and creation, "scaling [RUNS [SCHEDULERS]]" whole loads, "stuck" delays, "blocked" stock waits: what no benchmark of many rounds can;
// "contexts" asks the questions of ContextBenchmarks in turns, "engines" compares io_uring with epoll, "foreign" those of ForeignBenchmarks.
// Everything else goes to BenchmarkDotNet.
if (args is ["parked", .. string[] parked])
    return ParkedMemory.Run(parked);
if (args is ["scaling", .. string[] scaling])
    return Scaling.Run(scaling);
if (args is ["stuck"])
    return StuckDelay.Run();
if (args is ["blocked"])
    return BlockedWaits.Run();
if (args is ["contexts"])
    return ContextCost.Run();
if (args is ["foreign"])
    return ForeignCost.Run();
if (args is ["engines", .. string[] engines])
    return EngineComparison.Run(engines);
BenchmarkSwitcher.FromAssembly(typeof(YieldBenchmarks).Assembly).Run(args);
return 0;
