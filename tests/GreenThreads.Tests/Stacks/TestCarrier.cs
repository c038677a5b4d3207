namespace GreenThreads.Tests;

/// <summary>An OS thread that carries coroutines, with no scheduler.</summary>
internal sealed unsafe class TestCarrier
{
    private readonly Carrier* _carrier;
    private readonly HashSet<Coroutine> _carried = [];

    private TestCarrier(Carrier* carrier) => _carrier = carrier;

    /// <summary>Runs the body on a fresh OS thread and rethrows what it throws. What it leaves suspended may be resumed by another carrier.</summary>
    internal static void Run(Action<TestCarrier> body) => Start(body).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

    /// <summary>Starts an OS thread beside the caller; whoever still runs on it when it ends must not have moved to another carrier.</summary>
    internal static Task Start(Action<TestCarrier> body)
    {
        Assert.Equal(GreenRuntimeMode.Switched, GreenRuntime.Mode);
        return OsThreads.Start(() =>
        {
            Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
            var self = new TestCarrier(carrier);
            body(self);
            foreach (Coroutine coroutine in self._carried)
                coroutine.ForgetCarrier();
            Coroutine.GiveLargeStackBack(carrier);
            Carrier.Release(carrier);
        });
    }

    /// <summary>Makes a coroutine; it runs at its first resume.</summary>
    internal Coroutine Create(Action body, int stackReserve = StackArena.DefaultStride)
    {
        Coroutine coroutine = Coroutine.Create(_carrier, stackReserve);
        _carried.Add(coroutine);
        coroutine.Start(body);
        return coroutine;
    }

    internal void Resume(Coroutine coroutine)
    {
        _carried.Add(coroutine);
        coroutine.Resume(_carrier);
    }

    internal void ResumeUnlessIdle(Coroutine coroutine)
    {
        if (!coroutine.IsIdle)
            Resume(coroutine);
    }

    /// <summary>Resumes until the body has ended.</summary>
    internal void Finish(Coroutine coroutine)
    {
        while (!coroutine.IsIdle)
            Resume(coroutine);
    }

    /// <summary>Runs a body that does not suspend on a coroutine of its own.</summary>
    internal static T Evaluate<T>(Func<T> body)
    {
        T? result = default;
        Run(carrier => carrier.Finish(carrier.Create(() => result = body())));
        return result!;
    }
}
