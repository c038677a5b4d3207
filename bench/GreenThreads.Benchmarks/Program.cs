using BenchmarkDotNet.Running;
using GreenThreads.Benchmarks;

// "parked [COUNT]" measures memory and creation, which no benchmark of many rounds can; everything else goes to BenchmarkDotNet.
if (args is ["parked", .. string[] rest])
    return ParkedMemory.Run(rest);
BenchmarkSwitcher.FromAssembly(typeof(YieldBenchmarks).Assembly).Run(args);
return 0;
