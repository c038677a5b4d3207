namespace GreenThreads.Tests;

/// <summary>What the end of a green thread does to those that it is linked with.</summary>
public sealed class LinkTests
{
    [Fact]
    public void A_failure_cancels_the_other_and_is_its_cause() => Green.Run(() =>
    {
        GreenThread survivor = GreenThread.Spawn(() => GreenThread.Park(), "survivor");
        GreenThread failing = GreenThread.Spawn(() => { GreenThread.Park(); throw new FormatException("broken"); }, "failing");
        GreenThread.Link(survivor, failing);
        failing.Unpark();
        var canceled = Assert.Throws<GreenThreadCanceledException>(survivor.Join);
        Assert.Equal("broken", Assert.IsType<FormatException>(canceled.InnerException).Message);
        Assert.Contains("failing", canceled.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(FormatException), canceled.Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(failing.Join);
    });

    [Fact]
    public void It_works_in_both_directions() => Green.Run(() =>
    {
        foreach (bool isFirst in new[] { false, true })
        {
            GreenThread[] two = [GreenThread.Spawn(ParkAndThrow), GreenThread.Spawn(ParkAndThrow)];
            GreenThread.Link(two[0], two[1]);
            two[isFirst ? 0 : 1].Unpark();
            Assert.Throws<GreenThreadCanceledException>(two[isFirst ? 1 : 0].Join);
        }
    });

    [Fact]
    public void A_cancellation_goes_on_and_a_return_does_not() => Green.Run(() =>
    {
        GreenThread canceled = GreenThread.Spawn(() => GreenThread.Park());
        GreenThread other = GreenThread.Spawn(() => GreenThread.Park());
        GreenThread.Link(canceled, other);
        canceled.Cancel();
        Assert.False(Watch(other).IsFailure);

        GreenThread returning = GreenThread.Spawn(() => GreenThread.Park());
        other = GreenThread.Spawn(() => GreenThread.Park());
        GreenThread.Link(returning, other);
        returning.Unpark();
        returning.Join();
        returning.WaitUntilEndIsTold();
        Assert.Null(other.CancelReason);
        other.Unpark();
        other.Join();
    });

    [Fact]
    public void Who_links_with_one_that_has_failed_is_cancelled_at_once() => Green.Run(() =>
    {
        GreenThread failed = GreenThread.Spawn(() => throw new FormatException("broken"));
        Assert.Throws<FormatException>(failed.Join);
        GreenThread linking = GreenThread.Spawn(() =>
        {
            GreenThread.Link(failed);
            GreenThread.Park();
        });
        Assert.IsType<FormatException>(Assert.Throws<GreenThreadCanceledException>(linking.Join).InnerException);

        GreenThread returned = GreenThread.Spawn(() => { });
        returned.Join();
        GreenThread.Spawn(() =>
        {
            GreenThread.Link(returned);
            GreenThread.Yield();
        }).Join();
    });

    [Fact]
    public void Who_is_unlinked_is_left_alone() => Green.Run(() =>
    {
        GreenThread failing = GreenThread.Spawn(ParkAndThrow);
        GreenThread other = GreenThread.Spawn(() => GreenThread.Park());
        Assert.False(GreenThread.Unlink(failing, other));
        GreenThread.Link(failing, other);
        GreenThread.Link(other, failing);
        GreenThread.Link(other, other);
        Assert.True(GreenThread.Unlink(other, failing));
        Assert.False(GreenThread.Unlink(failing, other));
        failing.Unpark();
        Assert.Throws<FormatException>(failing.Join);
        failing.WaitUntilEndIsTold();
        Assert.Null(other.CancelReason);
        other.Unpark();
        other.Join();
    });

    [Fact]
    public void A_failure_goes_through_a_chain_and_stays_the_cause() => Green.Run(() =>
    {
        GreenThread[] chain = [.. Enumerable.Range(0, 200).Select(_ => GreenThread.Spawn(() => GreenThread.Park()))];
        for (int i = 1; i < chain.Length; i++)
            GreenThread.Link(chain[i - 1], chain[i]);
        GreenThread failing = GreenThread.Spawn(ParkAndThrow);
        GreenThread.Link(failing, chain[0]);
        failing.Unpark();
        foreach (GreenThread thread in chain)
        {
            GreenThreadEnd end = Watch(thread);
            Assert.Equal(GreenThreadEndKind.Canceled, end.Kind);
            Assert.IsType<FormatException>(end.Exception!.InnerException);
            Assert.True(end.IsFailure);
        }
        Assert.Throws<FormatException>(failing.Join);
    });

    [Fact]
    public void One_that_has_not_begun_never_does() => Green.RunAlone(() =>
    {
        bool hasBegun = false;
        GreenThread failed = GreenThread.Spawn(() => throw new FormatException());
        Assert.Throws<FormatException>(failed.Join);
        GreenThread other = GreenThread.Spawn(() => hasBegun = true);
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            return; // It begins at once there.
        GreenThread.Link(failed, other);
        Assert.Throws<GreenThreadCanceledException>(other.Join);
        Assert.False(hasBegun);
    });

    [Fact]
    public void SpawnLinked_links_with_the_caller() => Green.Run(() =>
    {
        GreenThread parent = GreenThread.Spawn(() =>
        {
            GreenThread.SpawnLinked(() => throw new FormatException("child"), "child");
            GreenThread.Park();
        });
        Assert.Equal("child", Assert.Throws<GreenThreadCanceledException>(parent.Join).InnerException!.Message);
    });

    [Fact]
    public void An_OS_thread_has_no_links_but_may_link_others()
    {
        GreenThread thread = GreenThread.Spawn(() => { });
        Assert.Throws<InvalidOperationException>(() => GreenThread.Link(thread));
        Assert.Throws<InvalidOperationException>(() => GreenThread.Unlink(thread));
        Assert.Throws<InvalidOperationException>(() => GreenThread.SpawnLinked(() => { }));
        Assert.Throws<InvalidOperationException>(() => GreenThread.TrapLinks(new Mailbox<GreenThreadEnd>(), end => end));
        Assert.Throws<ArgumentNullException>(() => GreenThread.Link(thread, null!));
        thread.Join();
    }

    [Fact]
    public void Trapped_links_become_messages() => Green.Run(() =>
    {
        var mailbox = new Mailbox<GreenThreadEnd>();
        GreenThread.TrapLinks(mailbox, end => end);
        GreenThread failed = GreenThread.SpawnLinked(() => throw new FormatException("broken"));
        GreenThreadEnd end = mailbox.Receive();
        Assert.Same(failed, end.Thread);
        Assert.Equal(GreenThreadEndKind.Failed, end.Kind);
        Assert.Equal("broken", end.Exception!.Message);

        GreenThread returned = GreenThread.SpawnLinked(() => { });
        Assert.Equal(new GreenThreadEnd(returned, GreenThreadEndKind.Returned, null), mailbox.Receive());
        GreenThread canceled = GreenThread.SpawnLinked(() => GreenThread.Park());
        canceled.Cancel();
        Assert.Equal(GreenThreadEndKind.Canceled, mailbox.Receive().Kind);
        GreenThread.Link(failed); // Long ended.
        Assert.Same(failed, mailbox.Receive().Thread);
        GreenThread.Yield();
    });

    [Fact]
    public void Links_with_many_that_end_leave_nothing_behind() => Green.Run(() =>
    {
        GreenThread longLived = GreenThread.Spawn(() => GreenThread.Park());
        for (int round = 0; round < Rounds.Of(20); round++)
        {
            GreenThread[] others = [.. Enumerable.Range(0, 50).Select(i => GreenThread.Spawn(() =>
            {
                GreenThread.Link(longLived);
                GreenThread.Yield();
                if (i % 3 == 0)
                    GreenThread.Unlink(longLived);
            }))];
            foreach (GreenThread other in others)
                other.Join();
        }
        // Whoever ends takes the link out after it has told its joiners.
        WaitUntil(() => longLived.Links.Count == 0 && longLived.JoinerCount == 0);
        longLived.Unpark();
        longLived.Join();
    });

    [Fact]
    public void However_a_link_and_a_failure_meet_the_other_is_cancelled() => Green.Run(() =>
    {
        var random = new Random(5);
        for (int round = 0; round < Rounds.Of(300); round++)
        {
            int yieldsBefore = random.Next(4), yieldsBeforeLink = random.Next(4);
            GreenThread failing = GreenThread.Spawn(() => { Yield(yieldsBefore); throw new FormatException(); });
            GreenThread waiting = GreenThread.Spawn(() => GreenThread.Park());
            GreenThread linking = GreenThread.Spawn(() => { Yield(yieldsBeforeLink); GreenThread.Link(waiting, failing); });
            GreenThread linkingToo = GreenThread.Spawn(() => GreenThread.Link(failing, waiting));
            Assert.Equal(GreenThreadEndKind.Canceled, Watch(waiting).Kind);
            Assert.Equal(GreenThreadEndKind.Failed, Watch(failing).Kind);
            linking.Join();
            linkingToo.Join();
            WaitUntil(() => waiting.Links.Count == 0 && failing.Links.Count == 0);
        }
    });

    [Fact]
    public void Who_could_unlink_in_time_lives_on() => Green.Run(() =>
    {
        var random = new Random(6);
        for (int round = 0; round < Rounds.Of(300); round++)
        {
            int yieldsBefore = random.Next(4), yieldsBeforeUnlink = random.Next(4);
            GreenThread waiting = GreenThread.Spawn(() => GreenThread.Park());
            GreenThread failing = GreenThread.Spawn(() => { Yield(yieldsBefore); throw new FormatException(); });
            GreenThread.Link(waiting, failing);
            GreenThread<bool> unlinking = GreenThread.Spawn(() => { Yield(yieldsBeforeUnlink); return GreenThread.Unlink(failing, waiting); });
            bool isUnlinked = unlinking.Result;
            Assert.Equal(GreenThreadEndKind.Failed, Watch(failing).Kind);
            failing.WaitUntilEndIsTold();
            Assert.Equal(isUnlinked, waiting.CancelReason is null);
            waiting.Unpark();
            Assert.Equal(isUnlinked ? GreenThreadEndKind.Returned : GreenThreadEndKind.Canceled, Watch(waiting).Kind);
        }
    });

    [Fact]
    public void Both_ends_may_end_at_the_same_moment() => Green.Run(() =>
    {
        for (int round = 0; round < Rounds.Of(100); round++)
        {
            GreenThread[] crowd = [.. Enumerable.Range(0, 8).Select(i => GreenThread.Spawn(() => { GreenThread.Park(); throw new FormatException(); }))];
            foreach (GreenThread one in crowd)
            {
                foreach (GreenThread other in crowd)
                    GreenThread.Link(one, other);
            }
            foreach (GreenThread one in crowd)
                one.Unpark();
            Assert.Contains(crowd.Select(Watch), end => end.Kind == GreenThreadEndKind.Failed);
            WaitUntil(() => crowd.All(static one => one.Links.Count == 0 && one.JoinerCount == 0));
        }
    });

    private static void ParkAndThrow()
    {
        GreenThread.Park();
        throw new FormatException("broken");
    }

    private static void Yield(int times)
    {
        for (int i = 0; i < times; i++)
            GreenThread.Yield();
    }

    private static GreenThreadEnd Watch(GreenThread thread)
    {
        using GreenThreadMonitor monitor = GreenThread.Monitor(thread);
        Assert.True(monitor.TryWait(TimeLimit.Generous, out GreenThreadEnd end), "it does not end");
        return end;
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
