namespace GreenThreads.Tests;

/// <summary>Cancellation of single green threads, wherever they are.</summary>
public sealed class CancelTests
{
    public static TheoryData<string> Places => [.. CancelPlaces.Names];

    [Theory]
    [MemberData(nameof(Places))]
    public void Cancel_ends_the_wait(string name)
    {
        using var place = new CancelPlace();
        Action wait = CancelPlaces.Make(name, place);
        bool hasCleanedUp = false;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            try
            {
                wait();
            }
            finally
            {
                hasCleanedUp = true;
            }
        });
        AwaitBegin(thread);
        thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
        Assert.True(hasCleanedUp);
    }

    // The wait begins, or has begun, or is about to: there is no moment in which a cancellation is lost.
    [Fact]
    public void Cancel_at_any_moment_ends_every_wait()
    {
        var random = new Random(1);
        foreach ((string name, Func<CancelPlace, Action> make) in CancelPlaces.Green)
        {
            if (name.StartsWith("Connect", StringComparison.Ordinal) || name.StartsWith("SchedulerGroup", StringComparison.Ordinal))
                continue; // They take too long to set up.
            for (int i = 0; i < 10; i++)
            {
                using var place = new CancelPlace();
                GreenThread thread = GreenThread.Spawn(make(place));
                Thread.SpinWait(random.Next(20_000));
                thread.Cancel();
                Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
            }
        }
    }

    [Fact]
    public void A_scope_ends_the_waits_of_all_its_children()
    {
        using var place = new CancelPlace();
        Action[] waits = [.. CancelPlaces.Names.Select(name => CancelPlaces.Make(name, place))];
        GreenScope scope = GreenScope.Open();
        GreenThread[] children = [.. waits.Select(wait => scope.Spawn(wait))];
        foreach (GreenThread child in children)
            AwaitBegin(child);
        scope.Cancel();
        Assert.Throws<OperationCanceledException>(scope.Join);
        Assert.Empty(scope.Failures);
        Assert.All(children, static child => Assert.Throws<GreenThreadCanceledException>(child.Join));
        scope.Dispose();
    }

    [SwitchedFact]
    public void A_scope_ends_every_kind_of_wait_of_the_framework()
    {
        var holders = new List<(Party Party, Signal Order)>();
        GreenScope scope = GreenScope.Open();
        foreach (string name in PrimitiveTable.Names)
        {
            WaitPrimitive primitive = PrimitiveTable.Make(name, new WaitSetup(1, static body => Party.OnOsThread(body)));
            if (!primitive.EndsWithGroup)
                continue;
            var holds = new Signal();
            var order = new Signal();
            holders.Add((Party.OnOsThread(() =>
            {
                primitive.Hold();
                holds.Set();
                order.Wait(Deadline.Never);
                primitive.LetGo();
            }), order));
            Assert.True(holds.Wait(Deadline.After(TimeLimit.Generous)));
            AwaitBegin(scope.Spawn(primitive.Wait, name));
        }
        scope.Cancel();
        Assert.Throws<OperationCanceledException>(scope.Join);
        Assert.Empty(scope.Failures);
        scope.Dispose();
        foreach ((Party party, Signal order) in holders)
        {
            order.Set();
            party.Join();
        }
    }

    [Fact]
    public void Who_has_not_begun_never_does()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "busy" });
        var threads = new List<GreenThread>();
        int begun = 0;
        Assert.True(group.Spawn(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                // Canceled by whoever spawned it, which in bound mode may be too late.
                GreenThread thread = GreenThread.Spawn(() => Interlocked.Increment(ref begun));
                thread.Cancel();
                threads.Add(thread);
            }
        }).Join(TimeLimit.Generous));
        int canceled = threads.Count(static thread => Record.Exception(() => thread.Join(TimeLimit.Generous)) is GreenThreadCanceledException);
        Assert.Equal(threads.Count, canceled + begun);
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            Assert.Equal(0, begun);
    }

    [Fact]
    public void It_stays_cancelled_and_code_that_swallows_it_meets_it_again()
    {
        int thrown = 0;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Throws<GreenThreadCanceledException>(GreenThread.Park);
                Assert.Throws<GreenThreadCanceledException>(GreenThread.Yield);
                Assert.Throws<GreenThreadCanceledException>(static () => GreenThread.Sleep(TimeSpan.FromMinutes(1)));
                Assert.Throws<GreenThreadCanceledException>(static () => GreenThread.YieldIfDue());
                thrown++;
            }
        });
        AwaitBegin(thread);
        thread.Cancel();
        thread.Cancel();
        Assert.True(thread.Join(TimeLimit.Generous));
        Assert.Equal(3, thrown);
    }

    [Fact]
    public void Who_has_ended_is_not_touched_by_it()
    {
        GreenThread<int> thread = GreenThread.Spawn(static () => 5);
        Assert.True(thread.Join(TimeLimit.Generous));
        thread.Cancel();
        Assert.Equal(5, thread.Result);
    }

    [Fact]
    public void Its_task_is_cancelled()
    {
        GreenThread thread = GreenThread.Spawn(GreenThread.Park);
        Task end = thread.Completion;
        thread.Cancel();
        Assert.IsType<GreenThreadCanceledException>(
            Assert.ThrowsAny<OperationCanceledException>(() => end.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult()).InnerException);
        Assert.True(end.IsCanceled);
    }

    [Fact]
    public void Who_cancels_itself_leaves_at_its_next_park()
    {
        bool hasGoneOn = false;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            GreenThread.Current!.Cancel();
            hasGoneOn = true;
            GreenThread.Park();
        });
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
        Assert.True(hasGoneOn);
    }

    [Fact]
    public void Shielded_code_waits_as_ever_and_the_next_park_after_it_throws()
    {
        var begun = new Signal();
        var goOn = new Signal();
        bool hasWaited = false, hasGoneOn = false;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            GreenThread.RunShielded(() =>
            {
                begun.Set();
                goOn.Wait(Deadline.After(TimeLimit.Generous));
                GreenThread.RunShielded(static () => GreenThread.Sleep(TimeSpan.FromMilliseconds(1)));
                GreenThread.Yield();
                GreenThread.YieldIfDue();
                GreenThread.Spawn(GreenThread.Yield).Join();
                if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
                    Task.Delay(GreenSynchronizationContext.Patience * 1.5).Wait();
                hasWaited = true;
            });
            hasGoneOn = true;
            GreenThread.Park();
        });
        Assert.True(begun.Wait(Deadline.After(TimeLimit.Generous)));
        thread.Cancel();
        goOn.Set();
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
        Assert.True(hasWaited);
        Assert.True(hasGoneOn);
    }

    // Its scheduler is told only once that it should yield, and that is used up inside.
    [Fact]
    public void Who_computes_after_shielded_code_is_cancelled_too()
    {
        var begun = new Signal();
        GreenThread thread = GreenThread.Spawn(() =>
        {
            GreenThread.RunShielded(() =>
            {
                begun.Set();
                while (!GreenThread.Current!.HasCancelReason)
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                for (int i = 0; i < 10; i++)
                    GreenThread.YieldIfDue();
            });
            while (true)
                GreenThread.YieldIfDue();
        });
        Assert.True(begun.Wait(Deadline.After(TimeLimit.Generous)));
        thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
    }

    [Fact]
    public void Shielded_code_runs_on_OS_threads_and_throws_what_it_throws()
    {
        bool hasRun = false;
        GreenThread.RunShielded(() => hasRun = true);
        Assert.True(hasRun);
        Assert.Throws<ArgumentNullException>(static () => GreenThread.RunShielded(null!));
        Green.Run(static () =>
        {
            Assert.Throws<FormatException>(static () => GreenThread.RunShielded(static () => throw new FormatException()));
            GreenThread.Current!.Cancel();
            Assert.Throws<GreenThreadCanceledException>(GreenThread.Yield);
        });
    }

    // A failure is a failure also of one that was cancelled.
    [Fact]
    public void What_the_clean_up_of_a_cancelled_one_throws_is_its_end()
    {
        GreenThread thread = GreenThread.Spawn(static () =>
        {
            try
            {
                GreenThread.Park();
            }
            catch (GreenThreadCanceledException)
            {
                throw new FormatException();
            }
        });
        AwaitBegin(thread);
        thread.Cancel();
        Assert.Throws<FormatException>(() => thread.Join(TimeLimit.Generous));
    }

    // Until it waits, or at least runs.
    private static void AwaitBegin(GreenThread thread)
    {
        Assert.True(SpinWait.SpinUntil(() => thread.State != GreenThreadState.Created, TimeLimit.Generous));
        SpinWait.SpinUntil(() => thread.State == GreenThreadState.Parked, TimeSpan.FromMilliseconds(2));
    }
}
