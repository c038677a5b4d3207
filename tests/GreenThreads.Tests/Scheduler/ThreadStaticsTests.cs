using System.Buffers;
using System.Diagnostics;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>Thread statics of a coroutine's last tenant: kept by default, fresh by option.</summary>
public sealed class ThreadStaticsTests
{
    // Sizes of stacks that nobody else uses, so that the reserve has only our coroutines.
    private const int SizeForTwoGroups = 9 * StackArena.DefaultStride;
    private const int SizeForCollectible = 10 * StackArena.DefaultStride;

    private static readonly ThreadLocal<object> s_threadLocal = new(static () => new object());
    private static readonly SchedulerGroupOptions s_fresh = new() { FreshThreadStatics = true, Name = "fresh" };

    [ThreadStatic]
    private static object? t_reference;

    [ThreadStatic]
    private static long t_primitive;

    [ThreadStatic]
    private static (object? Reference, Guid Number) t_struct;

    [SwitchedFact]
    public void The_next_tenant_sees_those_of_the_last_by_default()
    {
        var lastOf = new Dictionary<int, object>();
        int met = 0;
        Green.RunAlone(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                GreenThread.Spawn(() =>
                {
                    int id = Environment.CurrentManagedThreadId;
                    if (lastOf.TryGetValue(id, out object? last))
                    {
                        met++;
                        Assert.Same(last, t_reference);
                        Assert.Equal(id, t_primitive);
                        Assert.Equal((last, default), t_struct);
                        Assert.Same(last, s_threadLocal.Value);
                    }
                    Assert.Equal(last is not null, s_threadLocal.IsValueCreated && t_reference is not null);
                    object own = s_threadLocal.Value!;
                    lastOf[id] = t_reference = own;
                    t_primitive = id;
                    t_struct = (t_reference, default);
                    GreenThread.Yield();
                }).Join();
            }
        });
        Assert.True(met > 0);
    }

    [Fact]
    public void Each_green_thread_finds_fresh_ones_by_option()
    {
        var ids = new HashSet<int>();
        Green.RunAlone(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                GreenThread.Spawn(() =>
                {
                    UseAndKeepOverParks(i);
                    ids.Add(Environment.CurrentManagedThreadId);
                }).Join();
            }
        }, s_fresh);
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            Assert.InRange(ids.Count, 1, 50);
    }

    [Fact]
    public void Fresh_ones_are_kept_over_parks_and_migrations_under_compacting_collections()
    {
        const int Threads = 8;
        const int Tenants = 40;
        using var group = new SchedulerGroup(s_fresh with { Schedulers = 4 });
        int left = Threads;
        GreenThread[] spawners = [.. Enumerable.Range(0, Threads).Select(own => group.Spawn(() =>
        {
            for (int i = 0; i < Tenants; i++)
                GreenThread.Spawn(() => UseAndKeepOverParks(own * Tenants + i)).Join();
            Interlocked.Decrement(ref left);
        }))];
        while (Volatile.Read(ref left) > 0 && !spawners.Any(static thread => thread.State == GreenThreadState.Ended && thread.HasFailed))
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            Thread.Sleep(1);
        }
        foreach (GreenThread spawner in spawners)
            Assert.True(spawner.Join(TimeLimit.Generous));
    }

    [SwitchedFact]
    public void A_fresh_group_sees_nothing_of_what_a_keeping_group_left_in_the_same_coroutines()
    {
        var ids = new HashSet<int>();
        SchedulerGroupOptions keeping = new() { StackReserve = SizeForTwoGroups };
        Green.RunAlone(() =>
        {
            GreenThread[] threads = [.. Enumerable.Range(0, 20).Select(i => GreenThread.Spawn(() =>
            {
                Use(i);
                GreenThread.Yield();
                lock (ids)
                    ids.Add(Environment.CurrentManagedThreadId);
            }))];
            foreach (GreenThread thread in threads)
                thread.Join();
        }, keeping);
        int met = 0;
        Green.RunAlone(() =>
        {
            GreenThread[] threads = [.. Enumerable.Range(0, 20).Select(i => GreenThread.Spawn(() =>
            {
                UseAndKeepOverParks(i);
                if (ids.Contains(Environment.CurrentManagedThreadId))
                    met++;
            }))];
            foreach (GreenThread thread in threads)
                thread.Join();
        }, s_fresh with { StackReserve = SizeForTwoGroups });
        Assert.True(met > 0, "no coroutine came from the first group");
    }

    [Fact]
    public void Those_of_the_framework_are_fresh_too() => Green.RunAlone(() =>
    {
        for (int i = 0; i < 20; i++)
        {
            GreenThread.Spawn(() =>
            {
                Assert.Equal(0, Debug.IndentLevel);
                Debug.IndentLevel = 3;
                byte[] rented = ArrayPool<byte>.Shared.Rent(100);
                ArrayPool<byte>.Shared.Return(rented);
                GreenThread.Yield();
                Assert.Equal(3, Debug.IndentLevel);
            }).Join();
        }
    }, s_fresh);

    [Fact]
    public void Fresh_ones_leave_the_identity_of_a_thread_alone() => Green.RunAlone(() =>
    {
        var gate = new Lock();
        var oldGate = new object();
        GreenThread[] threads = [.. Enumerable.Range(0, 20).Select(_ => GreenThread.Spawn(() =>
        {
            Thread thread = Thread.CurrentThread;
            int id = Environment.CurrentManagedThreadId;
            Assert.Equal(id, thread.ManagedThreadId);
            // Without waiting: with one scheduler the owner would never be resumed.
            while (!gate.TryEnter())
                GreenThread.Yield();
            Assert.True(Monitor.TryEnter(oldGate));
            Assert.True(gate.IsHeldByCurrentThread);
            GreenThread.Spawn(() =>
            {
                Assert.False(gate.TryEnter());
                Assert.False(Monitor.TryEnter(oldGate));
            }).Join();
            Assert.True(gate.IsHeldByCurrentThread);
            Monitor.Exit(oldGate);
            gate.Exit();
            Assert.Equal(id, Environment.CurrentManagedThreadId);
            Assert.Same(thread, Thread.CurrentThread);
        }))];
        foreach (GreenThread thread in threads)
            thread.Join();
    }, s_fresh);

    [Fact]
    public void Values_that_a_thread_local_tracks_outlive_the_green_thread()
    {
        using var tracking = new ThreadLocal<int>(trackAllValues: true);
        Green.RunAlone(() =>
        {
            for (int i = 1; i <= 100; i++)
            {
                GreenThread.Spawn(() =>
                {
                    Assert.False(tracking.IsValueCreated);
                    tracking.Value = i;
                }).Join();
            }
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }, s_fresh);
        Assert.Equal(Enumerable.Range(1, 100), tracking.Values.Order());
    }

    [SwitchedFactWithOptimizedCode]
    public void What_an_ended_green_thread_had_in_fresh_ones_is_not_kept_alive() => Green.RunAlone(() =>
    {
        WeakReference[] left = [.. Enumerable.Range(0, 20).Select(_ => SpawnAndLeave())];
        GC.Collect();
        Assert.InRange(left.Count(static reference => reference.IsAlive), 0, 1);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference SpawnAndLeave() => GreenThread.Spawn(() =>
        {
            t_reference = new object();
            t_struct.Reference = t_reference;
            return new WeakReference(t_reference);
        }).Result;
    }, s_fresh);

    // Only the runtime can free those of classes that can be unloaded, so their coroutine is of no more use in a fresh group.
    [Fact]
    public void Those_of_classes_that_can_be_unloaded_are_fresh()
    {
        (Func<int> get, Action<int> set) = MakeUnloadable();
        SchedulerGroupOptions options = s_fresh with { StackReserve = SizeForCollectible };
        Green.RunAlone(() =>
        {
            for (int i = 1; i <= 500; i++)
            {
                GreenThread.Spawn(() =>
                {
                    Assert.Equal(0, get());
                    set(i);
                    UseAndKeepOverParks(i);
                    Assert.Equal(i, get());
                }).Join();
            }
        }, options);
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            return;

        // Any other group takes them, and a fresh one never. For a moment there may be none, while somebody shrinks their reserve.
        int seen = 0;
        SchedulerGroupOptions keeping = new() { StackReserve = SizeForCollectible };
        Assert.True(SpinWait.SpinUntil(() =>
        {
            Green.RunAlone(() => GreenThread.Spawn(() => seen = get()).Join(), keeping);
            return seen != 0;
        }, TimeLimit.Generous), "no other group was served with them");
        Assert.InRange(seen, 1, 500);
        Green.RunAlone(() =>
        {
            GreenThread[] threads = [.. Enumerable.Range(0, 100).Select(_ => GreenThread.Spawn(() =>
            {
                GreenThread.Yield();
                Assert.Equal(0, get());
            }))];
            foreach (GreenThread thread in threads)
                thread.Join();
        }, options);
    }

    [Fact]
    public void Those_that_were_touched_while_their_class_was_initialised_are_fresh() => Green.RunAlone(() =>
    {
        int first = 0;
        GreenThread.Spawn(() =>
        {
            RuntimeHelpers.RunClassConstructor(typeof(Initialised).TypeHandle);
            first = Environment.CurrentManagedThreadId;
        }).Join();
        for (int i = 0; i < 5; i++)
        {
            GreenThread.Spawn(() =>
            {
                Assert.Equal((0, null), Initialised.Read());
                if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
                    Assert.NotEqual(first, Environment.CurrentManagedThreadId);
            }).Join();
        }
    }, s_fresh);

    private static class Initialised
    {
        [ThreadStatic]
        private static int t_number;

        [ThreadStatic]
        private static string? t_text;

        static Initialised()
        {
            t_number = 7;
            t_text = "set by the static constructor";
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static (int Number, string? Text) Read() => (t_number, t_text);
    }

    private static void UseAndKeepOverParks(int own)
    {
        Assert.Null(t_reference);
        Assert.Equal(0, t_primitive);
        Assert.Equal(default, t_struct);
        Assert.False(s_threadLocal.IsValueCreated);
        object reference = Use(own);
        for (int i = 0; i < 3; i++)
        {
            GreenThread.Yield();
            if (own % 16 == 0)
                GreenThread.Sleep(TimeSpan.FromTicks(1));
            Assert.Same(reference, t_reference);
            Assert.Equal(own, t_primitive);
            Assert.Same(reference, t_struct.Reference);
            Assert.Same(reference, s_threadLocal.Value);
        }
    }

    private static object Use(int own)
    {
        t_reference = s_threadLocal.Value!;
        t_primitive = own;
        t_struct = (t_reference, Guid.NewGuid());
        return t_reference;
    }

    private static (Func<int> Get, Action<int> Set) MakeUnloadable()
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Unloadable"), AssemblyBuilderAccess.RunAndCollect);
        TypeBuilder type = assembly.DefineDynamicModule("Unloadable").DefineType("Unloadable", TypeAttributes.Public);
        FieldBuilder field = type.DefineField("t_value", typeof(int), FieldAttributes.Public | FieldAttributes.Static);
        field.SetCustomAttribute(new CustomAttributeBuilder(typeof(ThreadStaticAttribute).GetConstructor([])!, []));
        ILGenerator get = type.DefineMethod("Get", MethodAttributes.Public | MethodAttributes.Static, typeof(int), []).GetILGenerator();
        get.Emit(OpCodes.Ldsfld, field);
        get.Emit(OpCodes.Ret);
        ILGenerator set = type.DefineMethod("Set", MethodAttributes.Public | MethodAttributes.Static, null, [typeof(int)]).GetILGenerator();
        set.Emit(OpCodes.Ldarg_0);
        set.Emit(OpCodes.Stsfld, field);
        set.Emit(OpCodes.Ret);
        Type made = type.CreateType();
        return (made.GetMethod("Get")!.CreateDelegate<Func<int>>(), made.GetMethod("Set")!.CreateDelegate<Action<int>>());
    }
}
