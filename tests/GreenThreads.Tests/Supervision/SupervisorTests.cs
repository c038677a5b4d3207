namespace GreenThreads.Tests;

/// <summary>What a supervisor does when its children end, and what one can ask it for.</summary>
public sealed class SupervisorTests
{
    private static readonly SupervisorOptions s_patient = new() { MaximumRestarts = 1000, Window = TimeSpan.FromHours(1) };

    private readonly ScriptedChildren _script = new();

    [Fact]
    public void One_for_one_restarts_only_the_one_that_failed() => Green.Run(() =>
    {
        Supervisor supervisor = Supervisor.Start(s_patient, _script.Children("a", "b", "c"));
        _script.Expect("+a", "+b", "+c");
        _script.Tell("b", "crash");
        _script.Expect("-b", "+b");
        _script.Tell("b", "return");
        _script.Expect("-b", "+b");
        supervisor.Shutdown();
        _script.Expect("-c", "-b", "-a");
        _script.ExpectNothing();
        supervisor.Join();
        Assert.All(supervisor.Children, child => Assert.Null(child.Thread));
    });

    [Fact]
    public void One_for_all_ends_the_others_in_reverse_and_starts_all() => Green.Run(() =>
    {
        using Supervisor supervisor = Supervisor.Start(s_patient with { Strategy = RestartStrategy.OneForAll }, _script.Children("a", "b", "c"));
        _script.Expect("+a", "+b", "+c");
        _script.Tell("b", "crash");
        _script.Expect("-b", "-c", "-a", "+a", "+b", "+c");
        Assert.Equal([1, 1, 1], WaitForRestarts(supervisor, 1));
    });

    [Fact]
    public void Rest_for_one_restarts_it_and_those_after_it() => Green.Run(() =>
    {
        using Supervisor supervisor = Supervisor.Start(s_patient with { Strategy = RestartStrategy.RestForOne }, _script.Children("a", "b", "c", "d"));
        _script.Expect("+a", "+b", "+c", "+d");
        _script.Tell("b", "crash");
        _script.Expect("-b", "-d", "-c", "+b", "+c", "+d");
        _script.Tell("d", "crash");
        _script.Expect("-d", "+d");
        Assert.Equal([0, 1, 1, 2], WaitForRestarts(supervisor, 2));
    });

    [Fact]
    public void A_transient_child_is_restarted_when_it_has_failed_only() => Green.Run(() =>
    {
        Supervisor supervisor = Supervisor.Start(s_patient, [_script.Child("a", RestartKind.Transient), _script.Child("b", RestartKind.Transient)]);
        _script.Expect("+a", "+b");
        _script.Tell("a", "crash");
        _script.Expect("-a", "+a");
        _script.Tell("a", "return");
        _script.Expect("-a");
        WaitFor(supervisor, "a", SupervisedChildState.Completed);
        FindThread(supervisor, "b").Cancel();
        _script.Expect("-b");
        WaitFor(supervisor, "b", SupervisedChildState.Completed);
        _script.ExpectNothing();
        supervisor.Shutdown();
    });

    [Fact]
    public void A_transient_child_that_a_failure_elsewhere_has_cancelled_is_restarted() => Green.Run(() =>
    {
        using Supervisor supervisor = Supervisor.Start(s_patient, [_script.Child("a", RestartKind.Transient)]);
        _script.Expect("+a");
        GreenThread partner = GreenThread.Spawn(() => { GreenThread.Park(); throw new FormatException(); });
        WaitFor(supervisor, "a", SupervisedChildState.Running);
        GreenThread.Link(partner, FindThread(supervisor, "a"));
        partner.Unpark();
        _script.Expect("-a", "+a");
        Assert.Throws<FormatException>(partner.Join);
    });

    [Fact]
    public void A_temporary_child_is_forgotten_when_it_ends() => Green.Run(() =>
    {
        using Supervisor supervisor = Supervisor.Start(
            s_patient with { Strategy = RestartStrategy.OneForAll }, [_script.Child("a"), _script.Child("b", RestartKind.Temporary), _script.Child("c", RestartKind.Temporary)]);
        _script.Expect("+a", "+b", "+c");
        _script.Tell("b", "crash");
        _script.Expect("-b");
        WaitUntil(() => supervisor.Children.Count == 2);
        _script.Tell("a", "crash"); // And not restarted with its siblings.
        _script.Expect("-a", "-c", "+a");
        WaitUntil(() => supervisor.Children.Count == 1);
        _script.ExpectNothing();
    });

    [Fact]
    public void Too_many_restarts_end_all_and_the_supervisor_tells_why() => Green.Run(() =>
    {
        Supervisor supervisor = Supervisor.Start(s_patient with { MaximumRestarts = 2, Name = "strict" }, _script.Children("a", "b", "c"));
        _script.Expect("+a", "+b", "+c");
        _script.Tell("a", "crash");
        _script.Expect("-a", "+a");
        _script.Tell("b", "return");
        _script.Expect("-b", "+b");
        _script.Tell("a", "crash");
        _script.Expect("-a", "-c", "-b");
        var exception = Assert.Throws<SupervisorException>(supervisor.Join);
        Assert.Equal(["a", "b", "a"], exception.Failures.Select(failure => failure.Child));
        Assert.Null(exception.Failures[1].Exception);
        Assert.Equal("a has crashed", exception.InnerException!.Message);
        Assert.Contains("strict", exception.Message, StringComparison.Ordinal);
        RecordingLogger.OfDefaultGroup.WaitFor("strict", "gives up");
        _script.ExpectNothing();
        Assert.Throws<GreenProcessEndedException>(() => supervisor.StopChild("a"));
        supervisor.Shutdown();
    });

    [Fact]
    public void Only_restarts_within_the_window_count()
    {
        var window = new RestartWindow(2, TimeSpan.FromSeconds(10));
        long second = System.Diagnostics.Stopwatch.Frequency;
        Assert.True(Count(0));
        Assert.True(Count(9));
        Assert.True(Count(11));
        Assert.Equal(2, window.Failures.Count);
        Assert.False(Count(12));
        Assert.True(Count(30));
        Assert.Single(window.Failures);
        var unlimited = new RestartWindow(int.MaxValue, TimeSpan.FromSeconds(10));
        for (int i = 0; i < 1000; i++)
            Assert.True(unlimited.TryCount(new ChildFailure("a", default, null), 0));
        Assert.Equal(100, unlimited.Failures.Count);

        bool Count(long seconds) => window.TryCount(new ChildFailure("a", default, null), seconds * second);
    }

    [Fact]
    public void The_waiting_time_grows_up_to_its_limit()
    {
        var options = new SupervisorOptions { InitialBackoff = TimeSpan.FromSeconds(1), BackoffFactor = 3, MaximumBackoff = TimeSpan.FromSeconds(20) };
        Assert.Equal([1, 3, 9, 20, 20, 20], new[] { 0, 1, 2, 3, 4, 100_000 }.Select(restarts => options.BackoffAfter(restarts).TotalSeconds));
        Assert.Equal(TimeSpan.Zero, new SupervisorOptions().BackoffAfter(int.MaxValue));
    }

    [Fact]
    public void While_one_waits_for_its_restart_the_others_are_looked_after() => Green.Run(() =>
    {
        SupervisorOptions options = s_patient with { InitialBackoff = TimeSpan.FromHours(1), MaximumBackoff = TimeSpan.FromHours(1) };
        using Supervisor supervisor = Supervisor.Start(options, _script.Children("a", "b"));
        _script.Expect("+a", "+b");
        _script.Tell("a", "crash");
        _script.Expect("-a");
        WaitFor(supervisor, "a", SupervisedChildState.WaitingForRestart);
        _script.Tell("b", "crash");
        _script.Expect("-b");
        WaitFor(supervisor, "b", SupervisedChildState.WaitingForRestart);
        supervisor.StartChild(_script.Child("c"));
        _script.Expect("+c");
        supervisor.RestartChild("a");
        _script.Expect("+a");
        Assert.True(supervisor.StopChild("b"));
        WaitFor(supervisor, "b", SupervisedChildState.Stopped);
        supervisor.Shutdown();
        _script.Expect("-c", "-a");
    });

    [Fact]
    public void After_its_waiting_time_it_is_restarted() => Green.Run(() =>
    {
        SupervisorOptions options = s_patient with { InitialBackoff = TimeSpan.FromMilliseconds(1), Strategy = RestartStrategy.RestForOne, MaximumBackoff = TimeSpan.FromMilliseconds(5) };
        using Supervisor supervisor = Supervisor.Start(options, _script.Children("a", "b", "c"));
        _script.Expect("+a", "+b", "+c");
        for (int i = 0; i < 5; i++)
        {
            _script.Tell("b", "crash");
            _script.Expect("-b", "-c", "+b", "+c");
        }
    });

    [Fact]
    public void Starts_that_fail_make_the_waiting_time_grow_however_long_it_ran_before() => Green.Run(() =>
    {
        SupervisorOptions options = s_patient with
        {
            Window = TimeSpan.FromTicks(1), InitialBackoff = TimeSpan.FromMilliseconds(1), BackoffFactor = 1e9, MaximumBackoff = TimeSpan.FromHours(1),
        };
        using Supervisor supervisor = Supervisor.Start(options, _script.Children("a"));
        _script.Expect("+a");
        _script.SetStartable("a", false);
        _script.Tell("a", "crash");
        _script.Expect("-a", "!a"); // After a millisecond; the next one would be in an hour.
        WaitUntil(() => supervisor.Children[0] is { State: SupervisedChildState.WaitingForRestart, LastFailure: InvalidDataException });
        _script.SetStartable("a", true);
        supervisor.RestartChild("a");
        _script.Expect("+a");
    });

    [Fact]
    public void A_first_child_that_cannot_be_started_fails_the_supervisor() => Green.Run(() =>
    {
        _script.SetStartable("c", false);
        var exception = Assert.Throws<SupervisorException>(() => Supervisor.Start(s_patient, _script.Children("a", "b", "c", "d")));
        Assert.IsType<InvalidDataException>(exception.InnerException);
        _script.Expect("+a", "+b", "!c", "-b", "-a");
        _script.ExpectNothing();
    });

    [Fact]
    public void A_child_that_fails_while_others_are_still_started_is_no_failed_start() => Green.Run(() =>
    {
        for (int i = 0; i < 20; i++)
        {
            GreenThread? failing = null;
            ChildSpecification[] children =
            [
                ChildSpecification.StartedBy("failing", () => failing = GreenThread.Spawn(() => throw new FormatException())),
                ChildSpecification.StartedBy("late", () =>
                {
                    GreenThread.Monitor(failing!).Wait();
                    return GreenThread.Spawn(() => GreenThread.Park());
                }),
            ];
            Supervisor supervisor = Supervisor.Start(s_patient with { MaximumRestarts = 0 }, children);
            Assert.Equal("failing", Assert.Single(Assert.Throws<SupervisorException>(supervisor.Join).Failures).Child);
        }
    });

    [Fact]
    public void A_restart_that_fails_counts_and_is_tried_again() => Green.Run(() =>
    {
        Supervisor supervisor = Supervisor.Start(s_patient with { MaximumRestarts = 3, Strategy = RestartStrategy.OneForAll }, _script.Children("a", "b"));
        _script.Expect("+a", "+b");
        _script.SetStartable("b", false);
        _script.Tell("b", "crash");
        _script.Expect("-b", "-a", "+a", "!b", "-a", "+a", "!b", "-a", "+a", "!b", "-a");
        var exception = Assert.Throws<SupervisorException>(supervisor.Join);
        Assert.Equal(["b", "b", "b", "b"], exception.Failures.Select(failure => failure.Child));
        _script.ExpectNothing();
    });

    [Fact]
    public void Children_come_and_go_on_request() => Green.Run(() =>
    {
        using Supervisor supervisor = Supervisor.Start(s_patient, []);
        GreenThread thread = supervisor.StartChild(_script.Child("a"));
        Assert.Throws<ArgumentException>(() => supervisor.StartChild(_script.Child("a")));
        supervisor.StartChild(_script.Child("b", RestartKind.Temporary));
        _script.Expect("+a", "+b");
        Assert.Same(thread, FindThread(supervisor, "a"));
        Assert.NotSame(thread, supervisor.RestartChild("a"));
        _script.Expect("-a", "+a");
        Assert.True(supervisor.StopChild("a"));
        Assert.True(supervisor.StopChild("b"));
        Assert.False(supervisor.StopChild("b"));
        _script.Expect("-a", "-b");
        SupervisedChild stopped = Assert.Single(supervisor.Children);
        Assert.Equal(SupervisedChildState.Stopped, stopped.State);
        Assert.Equal(1, stopped.Restarts);
        supervisor.RestartChild("a");
        _script.Expect("+a");
        Assert.True(supervisor.RemoveChild("a"));
        _script.Expect("-a");
        Assert.Empty(supervisor.Children);
        Assert.Throws<ArgumentException>(() => supervisor.RestartChild("a"));
        _script.SetStartable("c", false);
        Assert.Throws<InvalidDataException>(() => supervisor.StartChild(_script.Child("c")));
        _script.Expect("!c");
        Assert.Empty(supervisor.Children);
    });

    [Fact]
    public void A_stopped_child_is_not_restarted_with_its_siblings() => Green.Run(() =>
    {
        using Supervisor supervisor = Supervisor.Start(s_patient with { Strategy = RestartStrategy.OneForAll }, [_script.Child("a"), _script.Child("b"), _script.Child("c", RestartKind.Transient)]);
        _script.Expect("+a", "+b", "+c");
        supervisor.StopChild("b");
        _script.Expect("-b");
        _script.Tell("c", "return");
        _script.Expect("-c");
        WaitFor(supervisor, "c", SupervisedChildState.Completed);
        _script.Tell("a", "crash");
        _script.Expect("-a", "+a", "+c"); // What has completed by itself is.
    });

    [Fact]
    public void A_cancelled_supervisor_ends_its_children_in_reverse() => Green.Run(() =>
    {
        Supervisor supervisor = Supervisor.Start(s_patient, _script.Children("a", "b", "c"));
        _script.Expect("+a", "+b", "+c");
        supervisor.Thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(supervisor.Join);
        _script.Expect("-c", "-b", "-a");
        _script.ExpectNothing();
    });

    [Fact]
    public void A_child_that_does_not_end_in_time_is_reported_and_left() => Green.Run(() =>
    {
        using var release = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        var stubborn = ChildSpecification.OfThread("stubborn one", () =>
        {
            using (GreenThread.Shield())
            {
                begun.SetResult();
                release.Wait();
            }
        }) with
        { ShutdownTimeout = TimeSpan.FromMilliseconds(1) };
        Supervisor supervisor = Supervisor.Start(s_patient, [_script.Child("a"), stubborn]);
        GreenThread.Await(begun.Task);
        GreenThread thread = FindThread(supervisor, "stubborn one");
        supervisor.Shutdown();
        _script.Expect("+a", "-a");
        RecordingLogger.OfDefaultGroup.WaitFor("stubborn one", "SupervisorTests.cs", "has not ended");
        Assert.Same(thread, Assert.Single(supervisor.Unfinished));
        Assert.IsType<TimeoutException>(supervisor.Children[1].LastFailure);
        release.Set();
        WaitUntil(() => supervisor.Unfinished.Count == 0);
    });

    [Fact]
    public void Supervisors_are_children_of_supervisors() => Green.Run(() =>
    {
        ChildSpecification inner = ChildSpecification.OfSupervisor("inner", s_patient with { MaximumRestarts = 1 }, _script.Children("b", "c"));
        Supervisor outer = Supervisor.Start(s_patient with { Strategy = RestartStrategy.RestForOne }, [_script.Child("a"), inner, _script.Child("d")]);
        _script.Expect("+a", "+b", "+c", "+d");
        SupervisedChild child = outer.Children[1];
        Assert.Equal("inner", child.Supervisor!.Name);
        Assert.Equal(["b", "c"], child.Supervisor.Children.Select(each => each.Name));
        Assert.Null(outer.Children[0].Supervisor);
        _script.Tell("c", "crash");
        _script.Expect("-c", "+c");
        _script.Tell("c", "crash"); // One too many for the inner one, which fails; the outer one restarts it and what comes after it.
        _script.Expect("-c", "-b", "-d", "+b", "+c", "+d");
        WaitUntil(() => outer.Children[2] is { State: SupervisedChildState.Running, Restarts: 1 });
        Assert.IsType<SupervisorException>(outer.Children[1].LastFailure);
        Assert.NotSame(child.Supervisor, outer.Children[1].Supervisor);
        outer.Shutdown();
        _script.Expect("-d", "-c", "-b", "-a");
        _script.ExpectNothing();
    });

    [Fact]
    public void A_process_keeps_its_name_over_restarts() => Green.Run(() =>
    {
        var registry = new GreenRegistry();
        ChildSpecification echo = ChildSpecification.OfProcess<ReplyTo<string>?>("echo", mailbox =>
        {
            foreach (ReplyTo<string>? reply in mailbox)
                (reply ?? throw new FormatException("told to crash")).Send("here");
        }, registry);
        using Supervisor supervisor = Supervisor.Start(s_patient, [echo]);
        GreenProcess<ReplyTo<string>?> process = registry.Find<ReplyTo<string>?>("echo")!;
        Assert.Equal("here", process.Request<string>(reply => reply, TimeLimit.Generous));
        process.Send(null);
        Assert.Throws<FormatException>(process.Join);
        WaitUntil(() => registry.Find("echo") is not null);
        Assert.Equal("here", registry.Find<ReplyTo<string>?>("echo")!.Request<string>(reply => reply, TimeLimit.Generous));
        supervisor.Shutdown();
        Assert.Null(registry.Find("echo"));
    });

    [Fact]
    public void Children_may_ask_their_supervisor() => Green.Run(() =>
    {
        Supervisor? supervisor = null;
        using var isKnown = new ManualResetEventSlim();
        var asking = ChildSpecification.OfThread("asking", () =>
        {
            isKnown.Wait();
            supervisor!.StartChild(_script.Child("a"));
            supervisor.StopChild("asking"); // Cancels the caller.
        });
        supervisor = Supervisor.Start(s_patient, [asking]);
        isKnown.Set();
        _script.Expect("+a");
        WaitFor(supervisor, "asking", SupervisedChildState.Stopped);
        Assert.Throws<InvalidOperationException>(() => supervisor.StartChild(ChildSpecification.StartedBy("b", () =>
        {
            supervisor.Shutdown();
            return null!;
        })));
        supervisor.Shutdown();
    });

    [Fact]
    public void It_works_from_OS_threads_and_in_a_group_of_its_own()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "supervised", Schedulers = 2, LoggerFactory = new RecordingLogger() });
        using (Supervisor supervisor = Supervisor.Start(s_patient with { Group = group }, _script.Children("a", "b")))
        {
            _script.Expect("+a", "+b");
            Assert.Same(group, supervisor.Thread.Group);
            _script.Tell("a", "crash");
            _script.Expect("-a", "+a");
            WaitFor(supervisor, "a", SupervisedChildState.Running);
            Assert.Same(group, FindThread(supervisor, "a").Group);
            supervisor.StartChild(_script.Child("c"));
            _script.Expect("+c");
        }
        _script.Expect("-c", "-b", "-a");
    }

    [Fact]
    public void The_shutdown_of_its_group_ends_it_and_its_children()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "supervised", Schedulers = 2, LoggerFactory = new RecordingLogger() });
        Supervisor supervisor = Supervisor.Start(s_patient with { Group = group }, _script.Children("a", "b"));
        Assert.True(group.Shutdown(TimeSpan.Zero).IsComplete);
        Assert.Equal(GreenThreadState.Ended, supervisor.Thread.State);
        Assert.All(supervisor.Children, child => Assert.Null(child.Thread));
    }

    [Fact]
    public void Children_may_throw_where_others_would_end_the_process()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions
        {
            Name = "crashing", Schedulers = 1, UnhandledExceptions = UnhandledExceptionPolicy.Crash, LoggerFactory = new RecordingLogger(),
        });
        var runs = new Mailbox<int>();
        int run = 0;
        var failing = ChildSpecification.OfThread("failing", () =>
        {
            runs.Send(++run);
            if (run < 3)
                throw new FormatException();
            GreenThread.Park();
        });
        using Supervisor supervisor = Supervisor.Start(s_patient with { Group = group }, [failing]);
        for (int i = 1; i <= 3; i++)
            Assert.Equal(i, runs.Receive());
        supervisor.Shutdown();
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Supervisor.Start(s_patient, _script.Children("a", "a")));
        Assert.Throws<ArgumentOutOfRangeException>(() => Supervisor.Start(s_patient with { MaximumRestarts = -1 }, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Supervisor.Start(s_patient with { BackoffFactor = double.NaN }, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Supervisor.Start(s_patient with { Window = TimeSpan.Zero }, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => _script.Child("a") with { ShutdownTimeout = TimeSpan.FromSeconds(-2) });
        Assert.Throws<ArgumentException>(() => ChildSpecification.OfThread("", () => { }));
        Assert.Throws<ArgumentNullException>(() => ChildSpecification.OfThread("a", null!));
    }

    private static GreenThread FindThread(Supervisor supervisor, string name) => supervisor.Children.Single(child => child.Name == name).Thread!;

    // Whoever starts a child tells of it before the supervisor has taken note.
    private static void WaitFor(Supervisor supervisor, string name, SupervisedChildState state) =>
        WaitUntil(() => supervisor.Children.Single(child => child.Name == name).State == state);

    private static int[] WaitForRestarts(Supervisor supervisor, int ofTheLast)
    {
        WaitUntil(() => supervisor.Children[^1] is { State: SupervisedChildState.Running } last && last.Restarts == ofTheLast);
        return [.. supervisor.Children.Select(child => child.Restarts)];
    }

    private static void WaitUntil(Func<bool> condition)
    {
        Deadline limit = Deadline.After(TimeLimit.Generous);
        while (!condition())
        {
            Assert.False(limit.HasPassed, "it never came");
            GreenThread.Yield();
        }
    }
}
