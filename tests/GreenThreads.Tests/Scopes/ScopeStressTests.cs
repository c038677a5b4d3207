namespace GreenThreads.Tests;

/// <summary>Cancellations, failures, deadlines and ends that meet at random moments.</summary>
public sealed class ScopeStressTests
{
    // Forks go on while a child that was started at a random one of them cancels the scope, or fails, or ends well.
    [Theory]
    [InlineData(FailurePolicy.FailFast)]
    [InlineData(FailurePolicy.FirstSuccess)]
    public void A_child_that_ends_the_scope_while_others_are_being_spawned(FailurePolicy policy)
    {
        var random = new Random(2);
        for (int round = 0; round < 30; round++)
        {
            int children = random.Next(2, 200);
            int culprit = random.Next(children);
            int delay = random.Next(3);
            Green.Run(() => GreenScopeOf(policy, children, culprit, delay, round % 3 == 0));
        }
    }

    private static void GreenScopeOf(FailurePolicy policy, int children, int culprit, int delay, bool cancels)
    {
        using GreenScope scope = GreenScope.Open(policy);
        int running = 0;
        for (int i = 0; i < children; i++)
        {
            if (i != culprit)
                scope.Spawn(Wait);
            else if (cancels)
                scope.Spawn(() => Delay(delay, scope.Cancel));
            else if (policy == FailurePolicy.FailFast)
                scope.Spawn(() => Delay(delay, static () => throw new FormatException()));
            else
                scope.Spawn(() => Delay(delay, static () => { }));
        }
        Exception? end = Record.Exception(scope.Join);
        Assert.Equal(0, Volatile.Read(ref running));
        Assert.True(scope.IsCanceled);
        if (cancels)
            Assert.True(end is OperationCanceledException || (policy == FailurePolicy.FirstSuccess && scope.Winner is not null), end?.ToString());
        else if (policy == FailurePolicy.FailFast)
            Assert.IsType<FormatException>(end);
        else
            Assert.Null(end);

        void Wait()
        {
            Interlocked.Increment(ref running);
            try
            {
                GreenThread.Sleep(TimeSpan.FromHours(1));
            }
            finally
            {
                Interlocked.Decrement(ref running);
            }
        }

        void Delay(int milliseconds, Action end)
        {
            if (milliseconds > 0)
                GreenThread.Sleep(TimeSpan.FromMilliseconds(milliseconds));
            end();
        }
    }

    // Everything that can end a scope, at once, from several threads.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void All_that_can_cancel_a_scope_race(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            using var source = new CancellationTokenSource();
            int spins = random.Next(20_000);
            TimeSpan deadline = TimeSpan.FromMicroseconds(random.Next(1, 500));
            GreenScope? scope = null;
            GreenThread owner = GreenThread.Spawn(() =>
            {
                using GreenScope own = GreenScope.Open(deadline, source.Token);
                Volatile.Write(ref scope, own);
                for (int i = 0; i < 10; i++)
                    own.Spawn(GreenThread.Park);
                own.Spawn(static () => throw new FormatException());
                own.Spawn(() =>
                {
                    using GreenScope inner = GreenScope.Open();
                    inner.Spawn(GreenThread.Park);
                    inner.Join();
                });
                Exception? end = Record.Exception(own.Join);
                Assert.True(end is FormatException or TimeoutException or OperationCanceledException, end?.ToString());
                Assert.True(own.Token.IsCancellationRequested);
            });
            Thread.SpinWait(spins);
            if (round % 2 == 0)
                source.Cancel();
            Volatile.Read(ref scope)?.Cancel();
            Assert.True(owner.Join(TimeLimit.Generous));
            Assert.Equal(0, scope!.ChildCount);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_trees_leave_nothing_running_and_lose_no_failure(int seed)
    {
        for (int round = 0; round < 15; round++)
        {
            var world = new ScopeTreeWorld((seed * 1000) + round);
            Green.Run(world.Run);
            world.Check();
        }
    }

    [Fact]
    public void Scopes_of_OS_threads_and_green_threads_spawn_into_each_other_while_they_end()
    {
        for (int round = 0; round < 10; round++)
        {
            int ran = 0, refused = 0;
            GreenScope scope = GreenScope.Open();
            Task[] spawners = [.. Enumerable.Range(0, 3).Select(_ => OsThreads.Start(() =>
            {
                try
                {
                    while (true)
                    {
                        scope.Spawn(() => Interlocked.Increment(ref ran));
                        if (scope.ChildCount > 100)
                            Thread.Yield(); // Otherwise they leave the schedulers no processor, and millions behind.
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref refused);
                }
            }))];
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref ran) > 0, TimeLimit.Generous));
            scope.Dispose(); // What is spawned from here on has ended at once, so it comes to an end.
            Assert.Equal(0, scope.ChildCount);
            int after = Volatile.Read(ref ran);
            Task.WhenAll(spawners).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
            Assert.Equal(spawners.Length, refused);
            Assert.Equal(after, ran);
        }
    }
}
