using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>
/// A park with native frames on the stack ends on the OS thread where it began (DESIGN.md §2 rule 9), while everything else migrates; and such green
/// threads are neither forgotten nor preferred.
/// </summary>
public sealed partial class AffinityTests
{
    private const int Rounds = 300;

    private static readonly Dictionary<string, Action<Action>> s_places = new()
    {
        ["a catch block"] = InCatch,
        ["a static constructor"] = InStaticConstructor,
        ["reflection"] = InReflection,
        ["a callback of native code"] = InCallback,
    };

    [SwitchedTheory]
    [InlineData("a catch block", "exception")]
    [InlineData("a static constructor", "static constructor")]
    [InlineData("reflection", "reflection")]
    [InlineData("a callback of native code", "foreign callback")]
    public void Affine_parks_resume_where_they_parked_while_the_others_migrate(string place, string reason)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 3, Seed = 5 });
        int migrations = 0;
        int affineParks = 0;
        bool stop = false;
        GreenThread[] movers = [.. Enumerable.Range(0, 6).Select(_ => group.Spawn(() =>
        {
            while (!Volatile.Read(ref stop))
                Move(ref migrations);
        }))];
        GreenThread[] affine = [.. Enumerable.Range(0, 4).Select(_ => group.Spawn(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                s_places[place](() =>
                {
                    int before = Interop.gettid();
                    for (int k = 0; k < 3; k++)
                    {
                        Pause(k);
                        Assert.Equal(before, Interop.gettid());
                        Interlocked.Increment(ref affineParks);
                    }
                });
                Move(ref migrations);
            }
        }))];
        foreach (GreenThread thread in affine)
            Assert.True(thread.Join(TimeLimit.Generous), $"hang: {thread}");
        Volatile.Write(ref stop, true);
        foreach (GreenThread thread in movers)
            Assert.True(thread.Join(TimeLimit.Generous), $"hang: {thread}");
        Assert.Equal(4 * Rounds * 3, affineParks);
        Assert.True(migrations > 0, "nobody migrated, so nothing was tested");
        // A yield with nobody else to run is no switch, and a sleep may be over before the park.
        long counted = group.Snapshot().Schedulers.SelectMany(scheduler => scheduler.AffineParks)
            .Where(pair => pair.Key.StartsWith(reason, StringComparison.Ordinal)).Sum(pair => pair.Value);
        Assert.InRange(counted, affineParks / 3, affineParks * 2);
    }

    [SwitchedFact]
    public void Affine_green_threads_get_their_turn_among_those_who_yield_without_end() => Green.RunAlone(() =>
    {
        bool stop = false;
        long yields = 0;
        GreenThread[] spinners = [.. Enumerable.Range(0, 3).Select(_ => GreenThread.Spawn(() =>
        {
            while (!stop)
            {
                yields++;
                GreenThread.Yield();
            }
        }))];
        const int rounds = 2000;
        InCatch(() =>
        {
            for (int i = 0; i < rounds; i++)
                GreenThread.Yield();
        });
        stop = true;
        // Every second pick is an affine one while there are any; three spinners share the others.
        Assert.InRange(yields, rounds / 4, rounds * 8);
        foreach (GreenThread spinner in spinners)
            spinner.Join();
    });

    [SwitchedFact]
    public void Those_who_yield_get_their_turn_among_affine_ones() => Green.RunAlone(() =>
    {
        bool stop = false;
        long yields = 0;
        GreenThread[] affine = [.. Enumerable.Range(0, 3).Select(_ => GreenThread.Spawn(() => InCatch(() =>
        {
            while (!stop)
            {
                yields++;
                GreenThread.Yield();
            }
        })))];
        const int rounds = 2000;
        for (int i = 0; i < rounds; i++)
            GreenThread.Yield();
        stop = true;
        Assert.InRange(yields, rounds / 4, rounds * 8);
        foreach (GreenThread thread in affine)
            thread.Join();
    });

    [SwitchedFact]
    public void An_affine_one_waits_for_its_scheduler_that_is_stuck_and_nobody_else_does()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 2 });
        using var unstick = new ManualResetEventSlim();
        int home = 0, resumed = 0;
        GreenThread affine = group.Spawn(() => InCatch(() =>
        {
            home = Interop.gettid();
            GreenThread.Park();
            resumed = Interop.gettid();
        }));
        Assert.True(SpinWait.SpinUntil(() => affine.State == GreenThreadState.Parked, TimeLimit.Generous));
        GreenThread blocker = group.Spawn(() => Green.BlockOsThread(unstick));
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].State == SchedulerState.Stuck, TimeLimit.Generous));
        affine.Unpark();
        for (int i = 0; i < 20; i++)
            Assert.True(group.Spawn(() => GreenThread.Sleep(TimeSpan.FromMilliseconds(1))).Join(TimeLimit.Generous), "a spare scheduler does not work");
        Assert.Equal(0, Volatile.Read(ref resumed));
        Assert.Equal(1, group.Snapshot().Schedulers[0].QueuedAffine);
        unstick.Set();
        Assert.True(affine.Join(TimeLimit.Generous) && blocker.Join(TimeLimit.Generous));
        Assert.Equal(home, resumed);
    }

    // A handle's wait blocks the OS thread; the event's own would spin first.

    private static void Move(ref int migrations)
    {
        int before = Interop.gettid();
        GreenThread self = GreenThread.Current!;
        GreenThread waker = GreenThread.Spawn(self.Unpark);
        GreenThread.Park();
        waker.Join();
        if (Interop.gettid() != before)
            Interlocked.Increment(ref migrations);
    }

    private static void Pause(int kind)
    {
        switch (kind)
        {
            case 0:
                GreenThread.Yield();
                break;
            case 1:
                GreenThread self = GreenThread.Current!;
                ThreadPool.UnsafeQueueUserWorkItem(static thread => thread.Unpark(), self, preferLocal: false);
                GreenThread.Park();
                break;
            default:
                GreenThread.Sleep(TimeSpan.FromMicroseconds(50));
                break;
        }
    }

    private static void InCatch(Action body)
    {
        try
        {
            throw new InvalidOperationException("to be caught");
        }
        catch (InvalidOperationException)
        {
            body();
        }
    }

    // A static constructor runs once, so each use has a class of its own: a tower of generic instantiations.
    private static void InStaticConstructor(Action body)
    {
        s_inStaticConstructor.Value = body;
        Type type = typeof(Nest<>).MakeGenericType(NextUnused());
        RuntimeHelpers.RunClassConstructor(type.TypeHandle);
    }

    private static readonly AsyncLocal<Action> s_inStaticConstructor = new();
    private static readonly ConcurrentBag<Type> s_unused = [];
    private static int s_depth;

    private static Type NextUnused()
    {
        // Numbers in base 16 out of nested types: short names, and as many as one likes.
        int number = Interlocked.Increment(ref s_depth);
        Type type = typeof(int);
        for (; number > 0; number /= 4)
        {
            Type[] digits = [typeof(List<>), typeof(HashSet<>), typeof(Queue<>), typeof(Stack<>)];
            type = digits[number % 4].MakeGenericType(type);
        }
        return type;
    }

    private static class Nest<T>
    {
        static Nest() => s_inStaticConstructor.Value!();
    }

    private static void InReflection(Action body)
    {
        // RuntimeMethodHandle.Invoke goes through native code until the runtime has compiled a stub for the method: a fresh MethodInfo each time.
        var method = new System.Reflection.Emit.DynamicMethod("CallByReflection", null, [typeof(Action)], typeof(AffinityTests).Module, skipVisibility: true);
        System.Reflection.Emit.ILGenerator code = method.GetILGenerator();
        code.Emit(System.Reflection.Emit.OpCodes.Ldarg_0);
        code.Emit(System.Reflection.Emit.OpCodes.Callvirt, typeof(Action).GetMethod("Invoke")!);
        code.Emit(System.Reflection.Emit.OpCodes.Ret);
        method.Invoke(null, [body]);
    }

    private static unsafe void InCallback(Action body)
    {
        s_inCallback.Value = body;
        int* values = stackalloc int[2] { 2, 1 };
        qsort(values, 2, sizeof(int), &Compare);
    }

    private static readonly AsyncLocal<Action> s_inCallback = new();

    [LibraryImport("libc")]
    private static unsafe partial void qsort(void* items, nint count, nint size, delegate* unmanaged<int*, int*, int> compare);

    [UnmanagedCallersOnly]
    private static unsafe int Compare(int* one, int* other)
    {
        s_inCallback.Value!();
        return *one - *other;
    }
}
