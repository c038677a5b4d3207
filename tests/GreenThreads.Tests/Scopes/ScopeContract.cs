using System.Collections.Concurrent;

namespace GreenThreads.Tests;

/// <summary>What a scope promises, whatever kind of thread owns it.</summary>
public abstract class ScopeContract : ThreadContract
{
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_late = TimeSpan.FromMinutes(10);

    [Fact]
    public void Join_waits_for_all_children_and_their_results_are_there() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        GreenThread<int>[] children = [.. Enumerable.Range(0, 20).Select(i => scope.Spawn(() =>
        {
            GreenThread.Sleep(TimeSpan.FromMilliseconds(i % 3));
            return i;
        }))];
        scope.Join();
        Assert.Equal(0, scope.ChildCount);
        Assert.All(children, static child => Assert.Equal(GreenThreadState.Ended, child.State));
        Assert.Equal(Enumerable.Range(0, 20), children.Select(static child => child.Result));
        Assert.False(scope.IsCanceled);
        Assert.False(scope.Token.IsCancellationRequested);
    });

    [Theory]
    [InlineData(FailurePolicy.FailFast)]
    [InlineData(FailurePolicy.CollectAll)]
    [InlineData(FailurePolicy.FirstSuccess)]
    public void Without_children_Join_returns_at_once(FailurePolicy policy) => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(s_late, policy);
        scope.Join();
        scope.Join();
        Assert.Empty(scope.Failures);
        Assert.Null(scope.Winner);
        Assert.Throws<InvalidOperationException>(() => scope.Join<int>());
    });

    [Fact]
    public void After_a_Join_there_may_be_another_round() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        for (int round = 0; round < 5; round++)
        {
            GreenThread<int> child = scope.Spawn(() => round);
            scope.Join();
            Assert.Equal(round, child.Result);
        }
    });

    [Fact]
    public void The_first_failure_cancels_the_others_and_Join_throws_it_with_its_stack() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        GreenThread parked = scope.Spawn(GreenThread.Park);
        GreenThread sleeping = scope.Spawn(() => GreenThread.Sleep(s_late));
        scope.Spawn(ThrowFromHere);
        for (int i = 0; i < 2; i++)
        {
            FormatException failure = Assert.Throws<FormatException>(scope.Join);
            Assert.Contains(nameof(ThrowFromHere), failure.StackTrace, StringComparison.Ordinal);
        }
        Assert.IsType<FormatException>(Assert.Single(scope.Failures));
        Assert.Throws<GreenThreadCanceledException>(parked.Join);
        // Who was cancelled can see for what.
        Assert.IsType<FormatException>(Assert.Throws<GreenThreadCanceledException>(sleeping.Join).InnerException);
        Assert.True(scope.Token.IsCancellationRequested);
    });

    [Fact]
    public void A_failure_that_comes_while_a_child_is_cancelled_is_kept() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        scope.Spawn(() =>
        {
            try
            {
                GreenThread.Park();
            }
            finally
            {
                throw new TimeZoneNotFoundException("of the clean-up");
            }
        });
        scope.Spawn(ThrowFromHere);
        Assert.Throws<FormatException>(scope.Join);
        // The child with the clean-up may not have begun when it was cancelled.
        Assert.InRange(scope.Failures.Count, 1, 2);
        Assert.IsType<FormatException>(scope.Failures[0]);
    });

    [Fact]
    public void A_failure_that_somebody_has_joined_is_the_scopes_all_the_same() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        GreenThread failed = scope.Spawn(ThrowFromHere);
        Assert.Throws<FormatException>(failed.Join);
        Assert.Throws<FormatException>(scope.Join);
    });

    [Fact]
    public void CollectAll_waits_for_all_and_throws_all_failures() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(FailurePolicy.CollectAll);
        GreenThread first = scope.Spawn(ThrowFromHere);
        GreenThread<int> well = scope.Spawn(() =>
        {
            GreenThread.Sleep(s_soon);
            return 5;
        });
        scope.Spawn(() =>
        {
            _ = first.Completion; // Joined by somebody: no matter.
            WaitForEndOf(first);
            throw new TimeZoneNotFoundException();
        });
        AggregateException failure = Assert.Throws<AggregateException>(scope.Join);
        Assert.Equal([typeof(FormatException), typeof(TimeZoneNotFoundException)], failure.InnerExceptions.Select(static each => each.GetType()));
        Assert.Contains(nameof(ThrowFromHere), failure.InnerExceptions[0].StackTrace, StringComparison.Ordinal);
        Assert.Equal(5, well.Result);
        Assert.False(scope.IsCanceled);
    });

    [Fact]
    public void CollectAll_throws_an_aggregate_for_a_single_failure_too() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(FailurePolicy.CollectAll);
        scope.Spawn(ThrowFromHere);
        Assert.IsType<FormatException>(Assert.Single(Assert.Throws<AggregateException>(scope.Join).InnerExceptions));
    });

    [Fact]
    public void FirstSuccess_cancels_the_rest_and_hands_over_the_result() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(FailurePolicy.FirstSuccess);
        scope.Spawn(ThrowFromHere);
        GreenThread<string> slow = scope.Spawn(() =>
        {
            GreenThread.Park();
            return "slow";
        });
        GreenThread<string> quick = scope.Spawn(() =>
        {
            GreenThread.Sleep(s_soon);
            return "quick";
        });
        Assert.Equal("quick", scope.Join<string>());
        Assert.Same(quick, scope.Winner);
        Assert.Throws<GreenThreadCanceledException>(() => slow.Result);
        Assert.Throws<InvalidOperationException>(() => scope.Join<int>());
    });

    [Fact]
    public void FirstSuccess_throws_only_if_all_failed() => Run(() =>
    {
        using (GreenScope scope = GreenScope.Open(FailurePolicy.FirstSuccess))
        {
            scope.Spawn(ThrowFromHere);
            scope.Spawn(ThrowFromHere);
            Assert.Equal(2, Assert.Throws<AggregateException>(scope.Join).InnerExceptions.Count);
        }
        using (GreenScope scope = GreenScope.Open(FailurePolicy.FirstSuccess))
        {
            scope.Spawn(GreenThread.Park).Cancel();
            Assert.Throws<OperationCanceledException>(scope.Join);
        }
    });

    [Fact]
    public void A_child_that_is_cancelled_alone_is_no_failure() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        GreenThread canceled = scope.Spawn(GreenThread.Park);
        GreenThread<int> other = scope.Spawn(() =>
        {
            WaitForEndOf(canceled);
            return 1;
        });
        canceled.Cancel();
        scope.Join();
        Assert.Equal(1, other.Result);
        Assert.Empty(scope.Failures);
    });

    [Fact]
    public void A_deadline_that_passes_during_Join_cancels_the_children() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(s_soon);
        GreenThread child = scope.Spawn(GreenThread.Park);
        Assert.Throws<TimeoutException>(scope.Join);
        Assert.Contains("deadline", Assert.Throws<GreenThreadCanceledException>(child.Join).Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, scope.Deadline);
        Assert.Throws<TimeoutException>(scope.Join);
    });

    [Fact]
    public void A_deadline_that_passes_before_Join_cancels_the_children_without_it() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(s_soon);
        GreenThread child = scope.Spawn(GreenThread.Park);
        CancellationToken token = scope.Token;
        WaitForEndOf(child);
        WaitUntil(() => token.IsCancellationRequested);
        Assert.Throws<TimeoutException>(scope.Join);
    });

    [Fact]
    public void A_deadline_that_has_passed_is_told_although_all_ended_well() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(TimeSpan.FromMilliseconds(1));
        WaitUntil(() => scope.Deadline == TimeSpan.Zero);
        Assert.Throws<TimeoutException>(scope.Join);
    });

    [Fact]
    public void A_deadline_that_has_passed_at_the_beginning_lets_nobody_begin() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(TimeSpan.Zero);
        scope.Spawn(() => throw new InvalidOperationException("it begins"));
        Assert.Throws<TimeoutException>(scope.Join);
        Assert.Empty(scope.Failures);
    });

    [Fact]
    public void A_deadline_that_is_not_reached_changes_nothing() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(s_late);
        scope.Spawn(static () => GreenThread.Sleep(TimeSpan.FromMilliseconds(1)));
        Assert.InRange(scope.Deadline, TimeSpan.FromMinutes(1), s_late);
        scope.Join();
    });

    [Fact]
    public void Failures_are_inside_of_the_exception_of_a_deadline() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open(s_soon, FailurePolicy.CollectAll);
        scope.Spawn(ThrowFromHere);
        scope.Spawn(GreenThread.Park);
        Assert.IsType<FormatException>(Assert.Throws<TimeoutException>(scope.Join).InnerException);
    });

    [Fact]
    public void A_token_cancels_the_scope_and_Join_throws_with_it() => Run(() =>
    {
        using var source = new CancellationTokenSource();
        using GreenScope scope = GreenScope.Open(s_late, source.Token);
        GreenThread child = scope.Spawn(GreenThread.Park);
        Task canceller = Start(source.Cancel);
        OperationCanceledException exception = Assert.Throws<OperationCanceledException>(scope.Join);
        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.Throws<GreenThreadCanceledException>(child.Join);
        Join(canceller);
    });

    [Fact]
    public void A_token_that_was_cancelled_before_lets_nobody_begin() => Run(() =>
    {
        var token = new CancellationToken(canceled: true);
        using GreenScope scope = GreenScope.Open(token);
        Assert.True(scope.IsCanceled);
        scope.Spawn(() => throw new InvalidOperationException("it begins"));
        Assert.Equal(token, Assert.Throws<OperationCanceledException>(scope.Join).CancellationToken);
    });

    [Fact]
    public void Cancel_from_a_child_or_the_owner_ends_the_scope() => Run(() =>
    {
        foreach (bool isOwner in new[] { true, false })
        {
            using GreenScope scope = GreenScope.Open();
            scope.Spawn(GreenThread.Park);
            if (isOwner)
                scope.Cancel();
            else
                scope.Spawn(scope.Cancel);
            OperationCanceledException exception = Assert.Throws<OperationCanceledException>(scope.Join);
            Assert.Equal(scope.Token, exception.CancellationToken);
            Assert.True(scope.IsCanceled);
            Assert.Empty(scope.Failures);
            scope.Cancel();
        }
    });

    [Fact]
    public void The_token_of_the_scope_is_cancelled_with_it_and_its_callbacks_hold_up_nobody() => Run(() =>
    {
        using var mayGoOn = new ManualResetEventSlim();
        var called = new TaskCompletionSource();
        GreenScope scope = GreenScope.Open();
        using (CancellationTokenRegistration _ = scope.Token.UnsafeRegister(_ =>
        {
            called.SetResult();
            mayGoOn.Wait(); // On the thread pool.
        }, null))
        {
            scope.Spawn(GreenThread.Park);
            scope.Spawn(ThrowFromHere);
            Assert.Throws<FormatException>(scope.Join);
            Assert.True(scope.Token.IsCancellationRequested);
            scope.Dispose();
            Assert.True(called.Task.Wait(TimeLimit.Generous));
            mayGoOn.Set();
        }
    });

    [Fact]
    public void Children_that_look_at_the_token_are_cancelled_by_it_and_are_no_failures() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        CancellationToken token = scope.Token;
        scope.Spawn(() => Task.Delay(Timeout.InfiniteTimeSpan, token).GetAwaiter().GetResult());
        scope.Spawn(() => GreenThread.Await(Task.Delay(Timeout.InfiniteTimeSpan, token)));
        scope.Spawn(() => Task.Delay(Timeout.InfiniteTimeSpan, token).Wait());
        scope.Spawn(() =>
        {
            while (true)
                token.ThrowIfCancellationRequested();
        });
        scope.Spawn(scope.Cancel);
        Assert.Throws<OperationCanceledException>(scope.Join);
        Assert.Empty(scope.Failures);
    });

    [Fact]
    public void An_OperationCanceledException_of_before_is_a_failure() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        var token = new CancellationToken(canceled: true);
        scope.Spawn(() => token.ThrowIfCancellationRequested());
        Assert.Equal(token, Assert.Throws<OperationCanceledException>(scope.Join).CancellationToken);
        Assert.Single(scope.Failures);
    });

    [Fact]
    public void What_is_spawned_into_a_cancelled_scope_does_not_begin() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        scope.Cancel();
        GreenThread child = scope.Spawn(() => throw new InvalidOperationException("it begins"));
        Assert.Throws<GreenThreadCanceledException>(child.Join);
        Assert.Throws<OperationCanceledException>(scope.Join);
        Assert.Empty(scope.Failures);
    });

    [Fact]
    public void After_Dispose_nothing_can_be_spawned_or_joined() => Run(() =>
    {
        GreenScope scope = GreenScope.Open();
        scope.Dispose();
        scope.Dispose();
        Assert.Throws<ObjectDisposedException>(() => scope.Spawn(GreenThread.Yield));
        Assert.Throws<ObjectDisposedException>(() => scope.Spawn(() => 1));
        Assert.Throws<ObjectDisposedException>(scope.Join);
        scope.Cancel();
        Assert.False(scope.IsCanceled);
        Assert.False(scope.Token.IsCancellationRequested);
        Assert.Empty(scope.Failures);
    });

    [Fact]
    public void Wrong_arguments_are_refused() => Run(() =>
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenScope.Open(TimeSpan.FromSeconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenScope.Open((FailurePolicy)3));
        Assert.Throws<ArgumentNullException>(static () => GreenScope.Run((Action<GreenScope>)null!));
        using GreenScope scope = GreenScope.Open();
        Assert.Throws<ArgumentNullException>(() => { scope.Spawn(null!); });
        Assert.Throws<ArgumentNullException>(() => { scope.Spawn<int>(null!); });
        Assert.Null(scope.Parent);
    });

    [Fact]
    public void Leaving_the_block_without_Join_cancels_the_children_and_waits_for_them() => Run(() =>
    {
        int cleanedUp = 0;
        InvalidTimeZoneException thrown = Assert.Throws<InvalidTimeZoneException>(LeaveByException);
        Assert.Equal("of the owner", thrown.Message);
        Assert.Equal(10, cleanedUp);

        void LeaveByException()
        {
            using GreenScope scope = GreenScope.Open();
            for (int i = 0; i < 10; i++)
            {
                var begun = new TaskCompletionSource();
                scope.Spawn(() =>
                {
                    begun.SetResult();
                    try
                    {
                        GreenThread.Park();
                    }
                    finally
                    {
                        GreenThread.RunShielded(() => GreenThread.Sleep(TimeSpan.FromMilliseconds(5)));
                        Interlocked.Increment(ref cleanedUp);
                    }
                });
                GreenThread.Await(begun.Task);
            }
            throw new InvalidTimeZoneException("of the owner");
        }
    });

    [Fact]
    public void Failures_that_nobody_was_told_of_are_reported_when_the_scope_is_left() => Run(() =>
    {
        var reported = new ConcurrentQueue<string>();
        void OnUnobserved(object? sender, UnobservedGreenThreadExceptionEventArgs e) => reported.Enqueue($"{e.ThreadName}: {e.Exception.GetType().Name}");
        SchedulerGroup.UnobservedException += OnUnobserved;
        try
        {
            GreenScope left = GreenScope.Open(FailurePolicy.CollectAll);
            WaitForEndOf(left.Spawn(ThrowFromHere, "left 1"), left.Spawn(ThrowFromHere, "left 2"));
            left.Dispose();
            Assert.Equal(["left 1: FormatException", "left 2: FormatException"], reported.Where(static each => each.StartsWith("left", StringComparison.Ordinal)).Order());
            Assert.Equal(2, left.Failures.Count);

            using (GreenScope joined = GreenScope.Open(FailurePolicy.CollectAll))
            {
                joined.Spawn(ThrowFromHere, "joined");
                Assert.Throws<AggregateException>(joined.Join);
            }
            using (GreenScope lookedAt = GreenScope.Open())
            {
                WaitForEndOf(lookedAt.Spawn(ThrowFromHere, "looked at"));
                WaitUntil(() => lookedAt.Failures.Count == 1);
            }
            using (GreenScope won = GreenScope.Open(FailurePolicy.FirstSuccess))
            {
                WaitForEndOf(won.Spawn(ThrowFromHere, "won"));
                won.Spawn(GreenThread.Yield);
                won.Join();
            }
            Assert.DoesNotContain(reported, static each => !each.StartsWith("left", StringComparison.Ordinal) && each.Contains(": FormatException", StringComparison.Ordinal));
        }
        finally
        {
            SchedulerGroup.UnobservedException -= OnUnobserved;
        }
    });

    [Fact]
    public void Only_the_owner_can_wait_for_it_and_leave_it() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        Task other = Start(() =>
        {
            Assert.Throws<InvalidOperationException>(scope.Join);
            Assert.Throws<InvalidOperationException>(scope.Dispose);
        });
        GreenThread child = scope.Spawn(() =>
        {
            Assert.Throws<InvalidOperationException>(scope.Join);
            Assert.Throws<InvalidOperationException>(scope.Dispose);
        });
        Join(other);
        child.Join();
        scope.Join();
    });

    [Fact]
    public void Others_may_spawn_into_it_and_children_too() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        int ran = 0;
        Task other = Start(() => scope.Spawn(() => Interlocked.Increment(ref ran)));
        scope.Spawn(() => scope.Spawn(() => scope.Spawn(() => Interlocked.Increment(ref ran))));
        Join(other);
        scope.Join();
        Assert.Equal(2, ran);
    });

    [Fact]
    public void Scopes_that_are_left_out_of_order_are_left_all_the_same_and_it_is_told() => Run(() =>
    {
        GreenScope outer = GreenScope.Open();
        GreenThread outerChild = outer.Spawn(GreenThread.Park);
        GreenScope inner = GreenScope.Open();
        Assert.Same(outer, inner.Parent);
        GreenThread innerChild = inner.Spawn(GreenThread.Park);
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        Assert.Equal(GreenThreadState.Ended, outerChild.State);
        Assert.Equal(GreenThreadState.Ended, innerChild.State);
        inner.Dispose();
        outer.Dispose();
        using GreenScope next = GreenScope.Open();
        Assert.Null(next.Parent);
    });

    [Fact]
    public void A_cancellation_reaches_what_the_owner_has_opened_inside() => Run(() =>
    {
        using GreenScope outer = GreenScope.Open();
        using GreenScope middle = GreenScope.Open();
        using GreenScope inner = GreenScope.Open();
        inner.Spawn(GreenThread.Park);
        outer.Spawn(ThrowFromHere);
        OperationCanceledException told = Assert.Throws<OperationCanceledException>(inner.Join);
        Assert.IsType<FormatException>(told.InnerException);
        Assert.True(middle.IsCanceled);
        Assert.Throws<OperationCanceledException>(middle.Join);
        Assert.Throws<FormatException>(outer.Join);
    });

    [Fact]
    public void A_cancellation_reaches_what_children_have_opened_inside_at_any_depth() => Run(() =>
    {
        using GreenScope scope = GreenScope.Open();
        int ended = 0;
        var leaf = new TaskCompletionSource();
        scope.Spawn(() => Nest(5));
        GreenThread.Await(leaf.Task);
        scope.Cancel();
        Assert.Throws<OperationCanceledException>(scope.Join);
        Assert.Equal(11, ended);

        void Nest(int depth)
        {
            try
            {
                if (depth == 0)
                {
                    leaf.TrySetResult();
                    GreenThread.Park();
                }
                using GreenScope nested = GreenScope.Open();
                using GreenScope second = GreenScope.Open();
                nested.Spawn(() => Interlocked.Increment(ref ended)).Join();
                second.Spawn(() => Nest(depth - 1));
                second.Join();
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }
        }
    });

    [Fact]
    public void Of_two_deadlines_the_nearer_one_counts() => Run(() =>
    {
        using GreenScope outer = GreenScope.Open(s_soon * 2);
        using (GreenScope inner = GreenScope.Open(s_late))
        {
            Assert.InRange(inner.Deadline, TimeSpan.Zero, s_soon * 2);
            inner.Spawn(GreenThread.Park);
            Assert.Throws<TimeoutException>(inner.Join);
        }
        Assert.Throws<TimeoutException>(outer.Join);
        using GreenScope other = GreenScope.Open(s_late);
        Assert.True(other.IsCanceled);
    });

    [Fact]
    public void An_inner_deadline_is_nothing_to_the_outer_scope() => Run(() =>
    {
        using GreenScope outer = GreenScope.Open(s_late);
        GreenThread<int> child = outer.Spawn(() =>
        {
            using GreenScope inner = GreenScope.Open(s_soon);
            Assert.Same(outer, inner.Parent);
            inner.Spawn(GreenThread.Park);
            Assert.Throws<TimeoutException>(inner.Join);
            return 3;
        });
        outer.Join();
        Assert.Equal(3, child.Result);
    });

    [Fact]
    public void A_token_of_the_outer_scope_is_told_inside() => Run(() =>
    {
        using var source = new CancellationTokenSource();
        using GreenScope outer = GreenScope.Open(source.Token);
        using GreenScope inner = GreenScope.Open();
        inner.Spawn(GreenThread.Park);
        source.Cancel();
        Assert.Equal(source.Token, Assert.Throws<OperationCanceledException>(inner.Join).CancellationToken);
    });

    [Fact]
    public void A_failure_inside_that_is_handled_does_not_reach_the_outer_scope() => Run(() =>
    {
        using GreenScope outer = GreenScope.Open();
        outer.Spawn(() =>
        {
            using GreenScope inner = GreenScope.Open();
            inner.Spawn(ThrowFromHere);
            Assert.Throws<FormatException>(inner.Join);
        });
        using (GreenScope inner = GreenScope.Open())
        {
            inner.Spawn(ThrowFromHere);
            Assert.Throws<FormatException>(inner.Join);
        }
        outer.Join();
    });

    [Fact]
    public void The_tree_can_be_seen() => Run(() =>
    {
        using GreenScope outer = GreenScope.Open();
        outer.Name = "outer";
        var isOpen = new TaskCompletionSource();
        outer.Spawn(() =>
        {
            using GreenScope nested = GreenScope.Open();
            nested.Spawn(GreenThread.Park, "grandchild");
            isOpen.SetResult();
            nested.Join();
        }, "child");
        using GreenScope inner = GreenScope.Open(FailurePolicy.CollectAll);
        inner.Spawn(GreenThread.Park, "inner child");
        GreenThread.Await(isOpen.Task);
        string[] lines = outer.Describe().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Collection(lines,
            line => Assert.StartsWith("scope \"outer\" (open, 1 child), FailFast, of ", line, StringComparison.Ordinal),
            line => Assert.Matches(@"^  child \d+ \(\w+\) spawned at ScopeContract.cs:\d+$", line),
            line => Assert.Matches(@"^    scope opened at ScopeContract.cs:\d+ \(open, 1 child\), FailFast, of child \d+", line),
            line => Assert.Matches(@"^      grandchild \d+ \(\w+\) spawned at ScopeContract.cs:\d+$", line),
            line => Assert.Matches(@"^  scope opened at ScopeContract.cs:\d+ \(open, 1 child\), CollectAll, of ", line),
            line => Assert.Matches(@"^    inner child \d+ \(\w+\) spawned at ScopeContract.cs:\d+$", line));
        Assert.Contains("ScopeContract.cs:", inner.OpenSite, StringComparison.Ordinal);
        inner.Dispose();
        Assert.Contains("disposed", inner.ToString(), StringComparison.Ordinal);
    });

    private void WaitForEndOf(params GreenThread[] threads) =>
        WaitUntil(() => threads.All(static thread => thread.State == GreenThreadState.Ended));

    private static void ThrowFromHere() => throw new FormatException("of a child");
}

public sealed class GreenThreadScopeTests : ScopeContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadScopeTests : ScopeContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
