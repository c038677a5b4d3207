using System.Reflection;
using System.Runtime.CompilerServices;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Waits in places where the runtime's own frames lie on the stack, or its locks are held.</summary>
public sealed class WaitPlaceTests
{
    private static readonly ManualResetEvent s_mayInitialize = new(false);
    private static readonly Signal s_isInitializing = new();

    // The class is locked by the runtime while it is initialised, so that the second of the two cannot but block the OS thread of both. The first must not
    // have left it.
    [Fact]
    public void A_static_constructor_that_waits_lets_two_of_one_scheduler_have_the_class()
    {
        using SchedulerGroup group = NewGroup();
        Party first = Party.OnGreenThread(group, static () => Assert.Equal(42, Initialized.Value));
        Party second = Party.OnGreenThread(group, static () => Assert.Equal(42, Initialized.Value));
        Assert.True(s_isInitializing.Wait(Deadline.After(TimeLimit.Generous)));
        s_mayInitialize.Set();
        first.Join();
        second.Join();
    }

    private static class Initialized
    {
        internal static readonly int Value = Initialize();

        static Initialized()
        {
        }

        private static int Initialize()
        {
            s_isInitializing.Set();
            s_mayInitialize.WaitOne();
            return 42;
        }
    }

    public static TheoryData<string> Places => [.. s_places.Keys];

    private static readonly Dictionary<string, Action<Action>> s_places = new()
    {
        ["catch"] = static wait =>
        {
            try
            {
                throw new InvalidTimeZoneException();
            }
            catch (InvalidTimeZoneException)
            {
                wait();
            }
        },
        ["finally while an exception passes"] = static wait =>
        {
            try
            {
                try
                {
                    throw new InvalidTimeZoneException();
                }
                finally
                {
                    wait();
                }
            }
            catch (InvalidTimeZoneException)
            {
            }
        },
        ["exception filter"] = static wait =>
        {
            try
            {
                throw new InvalidTimeZoneException();
            }
            catch (InvalidTimeZoneException) when (WaitAndAgree(wait))
            {
            }
        },
        ["DynamicInvoke"] = static wait => wait.DynamicInvoke(),
        ["reflection"] = static wait =>
            typeof(WaitPlaceTests).GetMethod(nameof(WaitAndAgree), BindingFlags.NonPublic | BindingFlags.Static)!.Invoke(null, [wait]),
        ["sort comparer"] = static wait =>
        {
            bool isFirst = true;
            Array.Sort(new int[] { 3, 1, 2 }, (x, y) =>
            {
                if (isFirst)
                    wait();
                isFirst = false;
                return x.CompareTo(y);
            });
        },
        ["Lazy"] = static wait => _ = new Lazy<bool>(() => WaitAndAgree(wait)).Value,
        ["Parallel.For"] = static wait => Parallel.For(0, 1, _ => wait()),
        ["callback of a cancelled token"] = static wait =>
        {
            using var source = new CancellationTokenSource();
            source.Token.Register(wait);
            source.Cancel();
        },
        ["handler of an AsyncLocal"] = static wait =>
        {
            var local = new AsyncLocal<int>(change =>
            {
                if (change is { ThreadContextChanged: false })
                    wait();
            });
            local.Value = 1;
        },
        ["handler of an AsyncLocal, within ExecutionContext.Run"] = static wait =>
        {
            bool isFirst = true;
            var local = new AsyncLocal<int>(change =>
            {
                if (change is { ThreadContextChanged: true, CurrentValue: 1 } && isFirst)
                {
                    isFirst = false;
                    wait();
                }
            })
            { Value = 1 };
            ExecutionContext context = ExecutionContext.Capture()!;
            using (ExecutionContext.SuppressFlow())
                local.Value = 0;
            ExecutionContext.Run(context, static _ => { }, null);
        },
        ["deep recursion"] = static wait => Descend(500, wait),
        ["finalizer's joiner"] = static wait =>
        {
            wait();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        },
    };

    private static bool WaitAndAgree(Action wait)
    {
        wait();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Descend(int depth, Action wait)
    {
        if (depth == 0)
            wait();
        return depth == 0 ? 0 : Descend(depth - 1, wait) + 1;
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_wait_may_be_anywhere(string place)
    {
        using SchedulerGroup group = NewGroup();
        using var @event = new ManualResetEventSlim();
        var gate = new object();
        var holds = new Signal();
        var mayLeave = new Signal();
        // Both kinds of wait: the lock's comes from native code, the event's partly from managed code.
        Party holder = Party.OnGreenThread(group, () =>
        {
            lock (gate)
            {
                holds.Set();
                mayLeave.Wait(Deadline.Never);
            }
        });
        Assert.True(holds.Wait(Deadline.After(TimeLimit.Generous)));
        int waited = 0;
        Party[] waiters = [.. Enumerable.Range(0, 3).Select(_ => Party.OnGreenThread(group, () => s_places[place](() =>
        {
            lock (gate)
                waited++;
            @event.Wait();
        })))];
        foreach (Party waiter in waiters)
            waiter.AwaitWaiting();
        Assert.True(group.Spawn(static () => { }).Join(TimeLimit.Generous), "the scheduler is blocked");
        Assert.Equal(0, waited);
        mayLeave.Set();
        holder.Join();
        Eventually(() => Volatile.Read(ref waited) == waiters.Length, "somebody still waits for the lock");
        @event.Set();
        foreach (Party waiter in waiters)
            waiter.Join();
    }
}
