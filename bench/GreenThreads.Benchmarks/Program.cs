using BenchmarkDotNet.Running;
using GreenThreads.Benchmarks;

// "parked [COUNT]" measures memory and creation, "scaling [RUNS [SCHEDULERS]]" whole loads, which no benchmark of many rounds can; everything else goes
// to BenchmarkDotNet.
if (args is ["parked", .. string[] parked])
    return ParkedMemory.Run(parked);
if (args is ["scaling", .. string[] scaling])
    return Scaling.Run(scaling);
BenchmarkSwitcher.FromAssembly(typeof(YieldBenchmarks).Assembly).Run(args);
return 0;
