namespace GreenThreads.Tests;

/// <summary>The exact form: which exception leaves <see cref="GreenScope.Run(Action{GreenScope}, TimeSpan?, CancellationToken, FailurePolicy, string, int)"/>.</summary>
public sealed class ScopeRunTests
{
    [Fact]
    public void It_waits_for_the_children_and_returns_the_result() => Green.Run(() =>
    {
        GreenThread<int>? child = null;
        Assert.Equal("result", GreenScope.Run(scope =>
        {
            child = scope.Spawn(() =>
            {
                GreenThread.Sleep(TimeSpan.FromMilliseconds(2));
                return 4;
            });
            Assert.Contains(nameof(ScopeRunTests), scope.OpenSite, StringComparison.Ordinal);
            return "result";
        }));
        Assert.Equal(4, child!.Result);
        GreenScope.Run(static scope => scope.Spawn(GreenThread.Yield));
    });

    [Fact]
    public void What_a_child_threw_leaves_it_whether_the_body_joins_or_not() => Green.Run(() =>
    {
        FormatException failure = Assert.Throws<FormatException>(() => GreenScope.Run(static scope => scope.Spawn(ThrowFromHere)));
        Assert.Contains(nameof(ThrowFromHere), failure.StackTrace, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => GreenScope.Run(static scope =>
        {
            scope.Spawn(ThrowFromHere);
            scope.Join();
        }));
        Assert.Throws<AggregateException>(() => GreenScope.Run(static scope => scope.Spawn(ThrowFromHere), policy: FailurePolicy.CollectAll));
    });

    [Fact]
    public void What_the_body_threw_leaves_it_as_it_is_when_no_child_failed() => Green.Run(() =>
    {
        GreenThread? child = null;
        InvalidTimeZoneException failure = Assert.Throws<InvalidTimeZoneException>(() => GreenScope.Run(scope =>
        {
            child = scope.Spawn(GreenThread.Park);
            ThrowFromBody();
        }));
        Assert.Contains(nameof(ThrowFromBody), failure.StackTrace, StringComparison.Ordinal);
        Assert.Throws<GreenThreadCanceledException>(child!.Join);
    });

    [Fact]
    public void A_body_that_has_left_the_scope_itself_and_throws_leaves_those_around_alone() => Green.Run(() =>
    {
        using GreenScope outer = GreenScope.Open();
        Assert.Throws<InvalidTimeZoneException>(() => GreenScope.Run(static scope =>
        {
            scope.Dispose();
            ThrowFromBody();
        }));
        Assert.Equal(4, outer.Spawn(static () => 4).Result);
        outer.Join();
    });

    [Fact]
    public void What_the_body_threw_comes_first_and_then_what_children_threw() => Green.Run(() =>
    {
        AggregateException failure = Assert.Throws<AggregateException>(() => GreenScope.Run(static scope =>
        {
            GreenThread[] children = [scope.Spawn(ThrowFromHere), scope.Spawn(ThrowFromHere)];
            foreach (GreenThread child in children)
                Assert.Throws<FormatException>(child.Join);
            ThrowFromBody();
        }, policy: FailurePolicy.CollectAll));
        Assert.Equal(
            [typeof(InvalidTimeZoneException), typeof(FormatException), typeof(FormatException)], failure.InnerExceptions.Select(static each => each.GetType()));
        Assert.Contains(nameof(ThrowFromBody), failure.InnerExceptions[0].StackTrace, StringComparison.Ordinal);
        Assert.Contains(nameof(ThrowFromHere), failure.InnerExceptions[1].StackTrace, StringComparison.Ordinal);
    });

    [Fact]
    public void A_cancellation_of_the_body_that_a_failure_has_caused_gives_way_to_it() => Green.Run(() =>
    {
        Assert.Throws<FormatException>(() => GreenScope.Run(static scope =>
        {
            scope.Spawn(ThrowFromHere);
            GreenThread.Await(Task.Delay(Timeout.InfiniteTimeSpan, scope.Token));
        }));
        Assert.Throws<TimeoutException>(() => GreenScope.Run(
            static scope => GreenThread.Await(Task.Delay(Timeout.InfiniteTimeSpan, scope.Token)), TimeSpan.FromMilliseconds(5)));
        Assert.ThrowsAny<OperationCanceledException>(() => GreenScope.Run(static scope =>
        {
            scope.Cancel();
            scope.Token.ThrowIfCancellationRequested();
        }));
    });

    [Fact]
    public void A_body_whose_green_thread_is_cancelled_leaves_it_as_such()
    {
        GreenThread<int> child = null!;
        var isParked = new Signal();
        GreenThread owner = GreenThread.Spawn(() => GreenScope.Run(scope =>
        {
            child = scope.Spawn(() =>
            {
                isParked.Set();
                GreenThread.Park();
                return 1;
            });
            scope.Join();
        }));
        Assert.True(isParked.Wait(Deadline.After(TimeLimit.Generous)));
        owner.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => owner.Join(TimeLimit.Generous));
        Assert.Throws<GreenThreadCanceledException>(() => child.Result);
    }

    [Fact]
    public void A_token_and_a_deadline_are_told_apart() => Green.Run(() =>
    {
        using var source = new CancellationTokenSource();
        Assert.Equal(source.Token, Assert.Throws<OperationCanceledException>(() => GreenScope.Run(scope =>
        {
            scope.Spawn(GreenThread.Park);
            source.Cancel();
        }, TimeSpan.FromMinutes(10), source.Token)).CancellationToken);
        Assert.Throws<TimeoutException>(() => GreenScope.Run(static scope => scope.Spawn(GreenThread.Park), TimeSpan.FromMilliseconds(5)));
    });

    private static void ThrowFromHere() => throw new FormatException("of a child");

    private static void ThrowFromBody() => throw new InvalidTimeZoneException("of the body");
}
