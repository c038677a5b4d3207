using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>The large stacks that green threads make foreign calls on.</summary>
public sealed unsafe class LargeStackTests
{
    private const int Megabyte = 1024 * 1024;

    [SwitchedFact]
    public void They_lie_below_the_green_stacks() => Green.Run(() =>
    {
        byte onGreen;
        nint green = (nint)(&onGreen);
        Assert.False(Coroutine.IsOnLargeStack);
        Foreign.Run(() =>
        {
            byte onLarge;
            Assert.True(Coroutine.IsOnLargeStack);
            Assert.True((nint)(&onLarge) < green);
            Assert.NotNull(Coroutine.Current);
            Assert.Null(Coroutine.CurrentOnGreenStack);
        });
        Assert.False(Coroutine.IsOnLargeStack);
    });

    [SwitchedFact]
    public void Managed_code_can_recurse_for_megabytes_and_is_collected_through() => Green.Run(() =>
    {
        byte marker;
        nint top = (nint)(&marker);
        Assert.Throws<InsufficientExecutionStackException>(() => Recurse(4 * Megabyte, ref top));
        Assert.Equal(4, Foreign.Run(static () =>
        {
            byte marker;
            nint top = (nint)(&marker);
            return Recurse(4 * Megabyte, ref top);
        }));
        // And the limits of the green stack are back.
        Assert.Throws<InsufficientExecutionStackException>(() => Recurse(4 * Megabyte, ref top));
    });

    [SwitchedFact]
    public void EnsureSufficientExecutionStack_throws_before_a_large_stack_ends() => Green.Run(() =>
    {
        nint used = Foreign.Run(static () =>
        {
            byte marker;
            nint top = (nint)(&marker);
            nint lowest = top;
            Assert.Throws<InsufficientExecutionStackException>(() => RecurseWhileItMay(ref lowest));
            return top - lowest;
        });
        Assert.InRange(used, LargeStacks.Stride - Megabyte, LargeStacks.Stride - StackArena.GuardSize);
    });

    [SwitchedFact]
    public void A_stack_trace_goes_on_below_the_call() => Green.Run(() =>
    {
        string trace = Foreign.Run(static () => Environment.StackTrace);
        Assert.Contains(nameof(A_stack_trace_goes_on_below_the_call), trace[trace.IndexOf("Foreign.Run", StringComparison.Ordinal)..], StringComparison.Ordinal);
    });

    [SwitchedFact]
    public void Tools_see_the_methods_of_who_is_on_one()
    {
        if (!ManagedFrames.IsAvailable)
            return;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "large-seen", Schedulers = 1 });
        using var end = new ManualResetEventSlim();
        GreenThread parked = group.Spawn(static () => Foreign.Run(ParkBelow));
        GreenThread blocked = group.Spawn(() => Foreign.RunBlocking(() => BlockHere(end)));
        try
        {
            WaitCounters.Eventually(() => Shows(parked, nameof(ParkBelow)), "the parked one is not seen");
            WaitCounters.Eventually(() => Shows(blocked, nameof(BlockHere)), "the blocked one is not seen");
        }
        finally
        {
            parked.Unpark();
            end.Set();
        }
        Assert.True(parked.Join(TimeLimit.Generous));
        Assert.True(blocked.Join(TimeLimit.Generous));

        static bool Shows(GreenThread thread, string method) => thread.MethodsFromOutside().Any(name => name.EndsWith(method, StringComparison.Ordinal));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void ParkBelow() => GreenThread.Park();

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void BlockHere(ManualResetEventSlim end) => Green.BlockOsThread(end);

    [Fact]
    public void Filters_of_who_gets_none_run_with_the_gate_free()
    {
        LargeStacks stacks = new StackArena(capacity: 1, hasLargeStacks: true).LargeStacks!;
        nint top = stacks.Take();
        bool? mayPark = null;
        try
        {
            stacks.Take();
        }
        catch (GreenThreadLimitException) when ((mayPark = !NoPark.IsInside) is not null)
        {
        }
        Assert.True(mayPark);
        stacks.Return(top);
        Assert.Equal(top, stacks.Take());
    }

    [SwitchedFact]
    public void Parks_on_one_are_affine_and_others_use_another() => Green.RunAlone(() =>
    {
        const int threads = 10;
        nint[] stacks = new nint[threads];
        int parked = 0;
        GreenThread[] others = [.. Enumerable.Range(0, threads).Select(i => GreenThread.Spawn(() => Foreign.Run(() =>
        {
            int osThread = Interop.gettid();
            byte marker;
            stacks[i] = (nint)(&marker) / LargeStacks.Stride;
            parked++;
            GreenThread.Park();
            Assert.Equal(osThread, Interop.gettid());
            byte after;
            Assert.Equal(stacks[i], (nint)(&after) / LargeStacks.Stride);
        })))];
        while (parked < threads)
            GreenThread.Yield();
        Assert.Equal(threads, stacks.Distinct().Count());
        Assert.True(Coroutine.LargeStacks.InUse >= threads);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        foreach (GreenThread other in others)
            other.Unpark();
        foreach (GreenThread other in others)
            other.Join();
    });

    [SwitchedFact]
    public void All_are_given_back_when_their_groups_have_ended()
    {
        int before = Coroutine.LargeStacks.InUse;
        for (int round = 0; round < 3; round++)
        {
            using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "large", Schedulers = 2 });
            GreenThread[] threads = [.. Enumerable.Range(0, 50).Select(_ => group.Spawn(static () =>
            {
                for (int i = 0; i < 5; i++)
                    Foreign.Run(GreenThread.Yield);
            }))];
            foreach (GreenThread thread in threads)
                Assert.True(thread.Join(TimeLimit.Generous));
        }
        // Schedulers of other groups of the process may use some too.
        Assert.InRange(Coroutine.LargeStacks.InUse, 0, before + 20);
    }

    [SwitchedFact]
    public void A_green_thread_that_is_cancelled_in_Run_leaves_it_and_its_stack()
    {
        GreenThread thread = GreenThread.Spawn(static () =>
        {
            try
            {
                Foreign.Run(static () => GreenThread.Park());
            }
            finally
            {
                Assert.False(Coroutine.IsOnLargeStack);
            }
        });
        Assert.True(SpinWait.SpinUntil(() => thread.State == GreenThreadState.Parked, TimeLimit.Generous));
        thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
    }

    [SwitchedFact]
    public void A_green_thread_that_is_cancelled_in_a_callback_leaves_by_the_guard()
    {
        int compared = 0;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            var guard = new CallbackGuard();
            NativeFunctions.Sort(NativeFunctions.Shuffled(100, seed: 5), (left, right) => guard.Run(() =>
            {
                compared++;
                GreenThread.Park();
                return (*left).CompareTo(*right);
            }, onFailure: 0));
            guard.ThrowIfFailed();
        });
        Assert.True(SpinWait.SpinUntil(() => thread.State == GreenThreadState.Parked, TimeLimit.Generous));
        thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
        Assert.Equal(1, compared);
    }

    [SwitchedFact]
    public void The_methods_on_one_have_names_for_the_log()
    {
        GreenThread parked = GreenThread.Spawn(static () => Foreign.Run(ParkHere));
        Assert.True(SpinWait.SpinUntil(() => parked.MethodsFromOutside().Any(static name => name.EndsWith(nameof(ParkHere), StringComparison.Ordinal)), TimeLimit.Generous));
        parked.Unpark();
        Assert.True(parked.Join(TimeLimit.Generous));

        using var end = new ManualResetEventSlim();
        GreenThread blocked = GreenThread.Spawn(() => Foreign.Run(() => Green.BlockOsThread(end)));
        Assert.True(SpinWait.SpinUntil(() => blocked.MethodsFromOutside().Any(static name => name.EndsWith(nameof(Green.BlockOsThread), StringComparison.Ordinal)), TimeLimit.Generous));
        end.Set();
        Assert.True(blocked.Join(TimeLimit.Generous));
    }

    [SwitchedFact]
    public void Function_pointers_to_managed_methods_are_called_back() => Green.Run(() =>
    {
        int[] numbers = NativeFunctions.Shuffled(300, seed: 6);
        fixed (int* first = numbers)
            Foreign.Call(NativeFunctions.QSort, (nint)first, numbers.Length, sizeof(int), (nint)(delegate* unmanaged<int*, int*, int>)&Compare);
        Assert.Equal(Enumerable.Range(0, 300), numbers);
    });

    [SwitchedFact]
    public void Memory_that_a_deep_call_used_is_given_back()
    {
        nint top = Coroutine.LargeStacks.Take();
        nint limit = LargeStacks.LimitOf(top);
        new Span<byte>((void*)limit, (int)(top - limit)).Fill(1);
        LargeStacks.Trim(top);
        nint left = Residency.CountPages(limit, top - limit);
        Coroutine.LargeStacks.Return(top);
        Assert.InRange(left, 1, 8);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ParkHere() => GreenThread.Park();

    [UnmanagedCallersOnly]
    private static int Compare(int* left, int* right)
    {
        CompareAndYield();
        return (*left).CompareTo(*right);
    }

    private static void CompareAndYield()
    {
        GreenThread.Yield();
        GC.KeepAlive(new byte[200]);
    }

    // Returns the megabytes.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Recurse(int bytes, ref nint top)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Span<byte> room = stackalloc byte[1000];
        room.Fill((byte)bytes);
        object kept = new[] { bytes };
        fixed (byte* here = room)
        {
            if (top - (nint)here >= bytes)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
                return bytes / Megabyte;
            }
        }
        int result = Recurse(bytes, ref top);
        return room[999] == (byte)bytes && ((int[])kept)[0] == bytes ? result : -1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RecurseWhileItMay(ref nint lowest)
    {
        byte marker;
        lowest = (nint)(&marker);
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return RecurseWhileItMay(ref lowest) + 1;
    }
}
