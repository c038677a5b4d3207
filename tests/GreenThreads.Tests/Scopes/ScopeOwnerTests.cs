using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>Owners that are cancelled, interrupted, forgetful or long-lived.</summary>
public sealed class ScopeOwnerTests
{
    [Fact]
    public void A_cancelled_owner_leaves_Join_at_once_and_the_scope_when_its_children_have_ended()
    {
        var begun = new Signal();
        var leftJoin = new Signal();
        bool hasCleanedUp = false, hasSeenCleanUp = false;
        GreenThread owner = GreenThread.Spawn(() =>
        {
            try
            {
                using GreenScope scope = GreenScope.Open();
                scope.Spawn(() =>
                {
                    begun.Set();
                    try
                    {
                        GreenThread.Park();
                    }
                    finally
                    {
                        // The owner is out of its Join, and in Dispose.
                        GreenThread.RunShielded(() => leftJoin.Wait(Deadline.After(TimeLimit.Generous)));
                        Volatile.Write(ref hasCleanedUp, true);
                    }
                });
                try
                {
                    scope.Join();
                }
                finally
                {
                    leftJoin.Set();
                }
            }
            finally
            {
                hasSeenCleanUp = Volatile.Read(ref hasCleanedUp);
            }
        });
        Assert.True(begun.Wait(Deadline.After(TimeLimit.Generous)));
        owner.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => owner.Join(TimeLimit.Generous));
        Assert.True(hasSeenCleanUp);
    }

    [Fact]
    public void What_is_opened_in_shielded_code_is_not_cancelled_from_outside() => Green.Run(() =>
    {
        int cleanedUp = 0;
        var begun = new Signal();
        using GreenScope outer = GreenScope.Open(TimeSpan.FromMinutes(10));
        outer.Spawn(() =>
        {
            try
            {
                begun.Set();
                GreenThread.Park();
            }
            finally
            {
                GreenThread.RunShielded(() =>
                {
                    using GreenScope cleanUp = GreenScope.Open();
                    Assert.Same(outer, cleanUp.Parent);
                    Assert.Equal(Timeout.InfiniteTimeSpan, cleanUp.Deadline);
                    for (int i = 0; i < 5; i++)
                    {
                        cleanUp.Spawn(() =>
                        {
                            GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                            Interlocked.Increment(ref cleanedUp);
                        });
                    }
                    cleanUp.Join();
                });
            }
        });
        Assert.True(begun.Wait(Deadline.After(TimeLimit.Generous)));
        outer.Cancel();
        Assert.Throws<OperationCanceledException>(outer.Join);
        Assert.Equal(5, cleanedUp);
        Assert.Empty(outer.Failures);
    });

    [Fact]
    public void Who_ends_without_leaving_its_scopes_has_them_left_and_fails()
    {
        GreenThread? child = null, inner = null;
        GreenThread owner = GreenThread.Spawn(() =>
        {
            GreenScope scope = GreenScope.Open();
            child = scope.Spawn(GreenThread.Park);
            inner = GreenScope.Open().Spawn(GreenThread.Park);
        });
        Assert.Contains("ScopeOwnerTests.cs", Assert.Throws<InvalidOperationException>(() => owner.Join(TimeLimit.Generous)).Message, StringComparison.Ordinal);
        Assert.Equal(GreenThreadState.Ended, child!.State);
        Assert.Equal(GreenThreadState.Ended, inner!.State);
    }

    [Fact]
    public void A_child_that_forgets_its_scope_is_a_failure_and_what_it_threw_comes_first() => Green.Run(() =>
    {
        using GreenScope scope = GreenScope.Open(FailurePolicy.CollectAll);
        scope.Spawn(static () =>
        {
            GreenScope.Open().Spawn(GreenThread.Park);
            throw new FormatException();
        });
        scope.Spawn(static () => GreenScope.Open());
        AggregateException failure = Assert.Throws<AggregateException>(scope.Join);
        Assert.Equal([nameof(FormatException), nameof(InvalidOperationException)], failure.InnerExceptions.Select(static each => each.GetType().Name).Order());
    });

    [Fact]
    public void The_end_of_the_group_ends_owner_and_children()
    {
        GreenScope? scope = null;
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        var isOpen = new Signal();
        GreenThread child = null!;
        Task owner = group.Spawn(() =>
        {
            scope = GreenScope.Open();
            child = scope.Spawn(GreenThread.Park);
            isOpen.Set();
            try
            {
                scope.Join();
            }
            finally
            {
                scope.Dispose();
            }
        }).Completion;
        Assert.True(isOpen.Wait(Deadline.After(TimeLimit.Generous)));
        Assert.True(group.Shutdown(TimeSpan.Zero).IsComplete);
        Assert.ThrowsAny<OperationCanceledException>(() => owner.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult());
        Assert.Throws<GreenThreadCanceledException>(child.Join);
        Assert.Equal(0, scope!.ChildCount);
    }

    [Fact]
    public void An_interrupted_Join_leaves_the_children_and_an_interrupted_Dispose_waits_for_them()
    {
        bool hasCleanedUp = false;
        Task owner = OsThreads.Start(() =>
        {
            GreenScope scope = GreenScope.Open();
            var begun = new Signal();
            Thread self = Thread.CurrentThread;
            scope.Spawn(() =>
            {
                begun.Set();
                try
                {
                    GreenThread.Park();
                }
                finally
                {
                    self.Interrupt();
                    GreenThread.RunShielded(static () => GreenThread.Sleep(TimeSpan.FromMilliseconds(5)));
                    Volatile.Write(ref hasCleanedUp, true);
                }
            });
            begun.Wait(Deadline.Never);
            self.Interrupt();
            Assert.Throws<ThreadInterruptedException>(scope.Join);
            Assert.Equal(1, scope.ChildCount);
            scope.Dispose();
            Assert.True(Volatile.Read(ref hasCleanedUp));
            Assert.Throws<ThreadInterruptedException>(() => GreenThread.Sleep(TimeSpan.FromMinutes(5)));
        });
        owner.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
    }

    [Fact]
    public void A_scope_that_cannot_be_opened_is_not_open() => Green.Run(() =>
    {
        using GreenScope outer = GreenScope.Open();
        var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        source.Dispose();
        // The framework decides whether that is an error.
        GreenScope? scope = null;
        if (Record.Exception(() => { scope = GreenScope.Open(token); }) is { } exception)
            Assert.IsType<ObjectDisposedException>(exception);
        scope?.Dispose();
        Assert.Same(outer, GreenScope.Innermost);
    });

    [Fact]
    public void A_group_that_is_closed_takes_no_children_and_the_scope_waits_for_none()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        group.AtExit(() =>
        {
            using GreenScope scope = GreenScope.Open();
            scope.Spawn(GreenThread.Yield);
            scope.Join();
        });
        var mayGoOn = new Signal();
        GreenThread owner = group.Spawn(() => GreenThread.RunShielded(() =>
        {
            using GreenScope scope = GreenScope.Open();
            mayGoOn.Wait(Deadline.Never);
            Assert.Throws<GreenThreadCanceledException>(() => { scope.Spawn(GreenThread.Yield); });
            Assert.Equal(0, scope.ChildCount);
            scope.Join();
        }));
        Task<ShutdownReport> shutdown = Task.Run(() => group.Shutdown(TimeSpan.Zero));
        Assert.True(SpinWait.SpinUntil(() => group.IsCanceling, TimeLimit.Generous));
        mayGoOn.Set();
        Assert.Empty(shutdown.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult().ExitFailures);
        // It may have been cancelled before it began.
        Exception? end = Record.Exception(() => owner.Join(TimeLimit.Generous));
        Assert.True(end is null or GreenThreadCanceledException, end?.ToString());
    }

    [Fact]
    public void A_scope_that_spawns_for_long_keeps_nothing_of_those_that_have_ended() => Green.Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        scope.Spawn(GreenThread.Park);
        // Of those that ran last, each scheduler and a coroutine or two may still have one on the stack.
        int few = 5 + GreenThread.Current!.Group.Schedulers.Length;
        WeakReference[] ended = [.. Enumerable.Range(0, few * 5).Select(_ => SpawnAndForget(scope))];
        Assert.Equal(1, scope.ChildCount);
        // The stacks and schedulers have held others since.
        for (int i = 0; i < 100; i++)
            scope.Spawn(GreenThread.Yield).Join();
        Deadline limit = Deadline.After(TimeLimit.Generous);
        while (ended.Count(static each => each.IsAlive) > few && !limit.HasPassed)
        {
            GreenThread.Sleep(TimeSpan.FromMilliseconds(1)); // A scheduler clears what was consumed in its ring when it sleeps or looks around.
            GC.Collect();
        }
        Assert.InRange(ended.Count(static each => each.IsAlive), 0, few);
        scope.Cancel();
    });

    [SwitchedFact]
    public void A_child_allocates_no_more_than_any_green_thread()
    {
        Task end = OsThreads.Start(static () =>
        {
            const int Count = 50, Rounds = 40;
            using GreenScope scope = GreenScope.Open();
            // Now and then a queue grows, or the runtime allocates for a lock that was contended: so the least of many rounds.
            long alone = long.MaxValue, inScope = long.MaxValue;
            for (int i = 0; i < Rounds; i++)
            {
                alone = Math.Min(alone, Allocated(null, Count));
                inScope = Math.Min(inScope, Allocated(scope, Count));
            }
            // An object for each child would be sixteen bytes or more.
            Assert.InRange(inScope - alone, long.MinValue, Count);
            scope.Join();
        });
        end.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

        static long Allocated(GreenScope? scope, int count)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            SpawnMany(scope, count);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static void SpawnMany(GreenScope? scope, int count)
    {
        for (int i = 0; i < count; i++)
            _ = scope is null ? GreenThread.Spawn(GreenThread.Yield) : scope.Spawn(GreenThread.Yield);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference SpawnAndForget(GreenScope scope)
    {
        GreenThread child = scope.Spawn(GreenThread.Yield);
        child.Join();
        while (scope.ChildCount > 1)
            GreenThread.Yield();
        return new WeakReference(child);
    }
}
