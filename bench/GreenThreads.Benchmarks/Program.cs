using BenchmarkDotNet.Running;
using GreenThreads.Benchmarks;

// "parked [COUNT]" measures memory and creation, which no benchmark of many rounds can, and "stuck" delays; everything else goes to BenchmarkDotNet.
if (args is ["parked", .. string[] rest])
    return ParkedMemory.Run(rest);
if (args is ["stuck"])
    return StuckDelay.Run();
BenchmarkSwitcher.FromAssembly(typeof(YieldBenchmarks).Assembly).Run(args);
return 0;
