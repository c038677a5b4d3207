using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace GreenThreads.Benchmarks;

// What does a call on a large stack cost, against a plain P/Invoke?
// Measured: calls of a C function that does next to nothing (labs), from a green thread; the same from a plain OS thread, where Foreign.Call simply calls; a closure on a
// large stack. All have a GC transition. BenchmarkDotNet's own thread is a plain OS thread, so the loops run inside one green thread.
// Left out: calls that find no large stack with their scheduler (the first one, and while another green thread is parked on it); pages that deep calls touch.
[MemoryDiagnoser]
public unsafe partial class ForeignBenchmarks
{
    internal const int Calls = 20_000;
    internal const int SlowCalls = 100;

    private static readonly Lazy<SchedulerGroup> s_one = new(static () => new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "foreign" }));
    private static readonly nint s_labs = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "labs");
    private static readonly Action s_nothing = static () => { };

    [LibraryImport("libc")]
    private static partial nint labs(nint number);

    [LibraryImport("libc", EntryPoint = "labs", SetLastError = true)]
    private static partial nint LabsKeepingError(nint number);

    [Benchmark(Baseline = true, OperationsPerInvoke = Calls, Description = "P/Invoke on a green thread")]
    public nint PlainCall() => OnGreenThread(static () =>
    {
        nint sum = 0;
        for (nint i = 0; i < Calls; i++)
            sum += labs(-i);
        return sum;
    });

    [Benchmark(OperationsPerInvoke = Calls, Description = "function pointer on a green thread")]
    public nint PointerCall() => OnGreenThread(static () =>
    {
        var function = (delegate* unmanaged<nint, nint>)s_labs;
        nint sum = 0;
        for (nint i = 0; i < Calls; i++)
            sum += function(-i);
        return sum;
    });

    [Benchmark(OperationsPerInvoke = Calls, Description = "P/Invoke with SetLastError")]
    public nint PlainCallKeepingError() => OnGreenThread(static () =>
    {
        nint sum = 0;
        for (nint i = 0; i < Calls; i++)
            sum += LabsKeepingError(-i);
        return sum;
    });

    [Benchmark(OperationsPerInvoke = Calls, Description = "Foreign.Call")]
    public nint ForeignCall() => OnGreenThread(static () =>
    {
        nint sum = 0;
        for (nint i = 0; i < Calls; i++)
            sum += Foreign.Call(s_labs, -i);
        return sum;
    });

    [Benchmark(OperationsPerInvoke = Calls, Description = "Foreign.CallKeepingError")]
    public nint ForeignCallKeepingError() => OnGreenThread(static () =>
    {
        nint sum = 0;
        for (nint i = 0; i < Calls; i++)
            sum += Foreign.CallKeepingError(s_labs, -i);
        return sum;
    });

    [Benchmark(OperationsPerInvoke = Calls, Description = "Foreign.Run")]
    public nint ForeignRun() => OnGreenThread(static () =>
    {
        for (nint i = 0; i < Calls; i++)
            Foreign.Run(s_nothing);
        return 0;
    });

    [Benchmark(OperationsPerInvoke = Calls, Description = "Foreign.Call on an OS thread")]
    public nint OnOsThread()
    {
        nint sum = 0;
        for (nint i = 0; i < Calls; i++)
            sum += Foreign.Call(s_labs, -i);
        return sum;
    }

    [Benchmark(OperationsPerInvoke = SlowCalls, Description = "Foreign.RunBlocking")]
    public nint ForeignRunBlocking() => OnGreenThread(static () =>
    {
        for (nint i = 0; i < SlowCalls; i++)
            Foreign.RunBlocking(s_nothing);
        return 0;
    });

    [Benchmark(OperationsPerInvoke = SlowCalls, Description = "Compute.Run")]
    public nint ComputeRun() => OnGreenThread(static () =>
    {
        for (nint i = 0; i < SlowCalls; i++)
            Compute.Run(s_nothing);
        return 0;
    });

    private static nint OnGreenThread(Func<nint> body) => s_one.Value.Spawn(body).Result;
}
