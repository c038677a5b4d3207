using System.Collections.Concurrent;
using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Coroutines without a scheduler: every resume is by whichever OS thread gets them first, except that a stack with native frames goes on
/// where it was (DESIGN.md §2 rule 9). Hands on by direct switches too.
/// </summary>
internal sealed unsafe class MigrateWorld : CheckedWorld
{
    private readonly ConcurrentQueue<Work> _shared = new();
    private int _remaining;

    internal override string Name => "migrate";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        _remaining = options.Threads;
        var bodies = new ConcurrentQueue<Action>();
        for (int i = 0; i < options.Threads; i++)
        {
            int id = i;
            bodies.Enqueue(() =>
            {
                RunBody(id, seed + id, end);
                Interlocked.Decrement(ref _remaining);
            });
        }
        var osThreads = new Thread[options.Carriers];
        for (int i = 0; i < options.Carriers; i++)
        {
            osThreads[i] = new Thread(() => RunCarrier(bodies)) { Name = $"carrier {i}" };
            osThreads[i].Start();
        }
        foreach (Thread osThread in osThreads)
            osThread.Join();
    }

    protected override void PauseCore(Random random)
    {
        Coroutine self = Coroutine.Current!;
        var work = (Work)self.Tenant!;
        work.IsAffine = self.HasNativeFrames;
        int osThread = work.IsAffine ? OsThreadId() : 0;
        self.Suspend();
        Check.That(!work.IsAffine || osThread == OsThreadId(), "a stack with native frames changed its OS thread");
        Check.That(Coroutine.Current == self, "the stack is another coroutine's");
    }

    private static int OsThreadId() => Interop.gettid();

    private void RunCarrier(ConcurrentQueue<Action> bodies)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        var affine = new Queue<Work>();
        var idle = new SpinWait();
        while (Volatile.Read(ref _remaining) > 0)
        {
            if (bodies.TryDequeue(out Action? body))
            {
                Coroutine created = Coroutine.Create(carrier);
                var first = new Work(created);
                created.Tenant = first;
                created.Start(body);
                _shared.Enqueue(first);
            }
            if (!affine.TryDequeue(out Work? work) && !_shared.TryDequeue(out work))
            {
                idle.SpinOnce();
                continue;
            }
            idle.Reset();
            work.IsAffine = false;
            work.Coroutine.Resume(carrier);
            if (work.Coroutine.IsIdle)
                work.Coroutine.ForgetCarrier();
            else if (work.IsAffine)
                affine.Enqueue(work);
            else
                _shared.Enqueue(work);
        }
        Carrier.Release(carrier);
    }

    private sealed class Work(Coroutine coroutine)
    {
        internal Coroutine Coroutine { get; } = coroutine;

        internal bool IsAffine { get; set; }
    }
}
