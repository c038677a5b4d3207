namespace GreenThreads.Tests;

/// <summary>
/// Each primitive of the framework, between two green threads of one scheduler and between a green thread and an OS thread: with nobody in the way, with
/// somebody in the way, out of time, and cancelled.
/// </summary>
public sealed class PrimitiveTableTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(5);

    public static TheoryData<string, Pairing> EveryRow => PrimitiveTable.Rows(static (_, _) => true);

    public static TheoryData<string, Pairing> RowsWithTimeout => PrimitiveTable.Rows(static (primitive, _) => primitive.HasTimeout);

    public static TheoryData<string, Pairing> RowsWithToken => PrimitiveTable.Rows(static (primitive, _) => primitive.HasToken);

    // In bound mode a green thread that waits in the framework is an OS thread that waits, which nobody cancels.
    public static TheoryData<string, Pairing> RowsWithoutToken => PrimitiveTable.Rows(static (primitive, pairing) =>
        !primitive.HasToken && (GreenRuntime.Mode == GreenRuntimeMode.Switched || pairing == Pairing.OsThreadWaitsForGreen));

    public static TheoryData<string, Pairing> ExclusiveRows => PrimitiveTable.Rows(static (primitive, _) => primitive.IsExclusive);

    public static TheoryData<string, Pairing> OpenRows => PrimitiveTable.Rows(static (primitive, _) => !primitive.IsExclusive);

    [Theory]
    [MemberData(nameof(EveryRow))]
    public void With_nobody_in_the_way_one_gets_through_at_once(string name, Pairing pairing)
    {
        using var world = new WaitWorld(pairing);
        WaitPrimitive primitive = world.Make(name);
        world.StartOther(() =>
        {
            primitive.Hold();
            primitive.LetGo();
        }).Join();
        world.StartWaiter(() =>
        {
            long before = world.WaitsThatTookTime();
            primitive.Wait();
            Assert.Equal(before, world.WaitsThatTookTime());
            primitive.Done();
        }).Join();
    }

    [Theory]
    [MemberData(nameof(EveryRow))]
    public void With_somebody_in_the_way_one_waits_until_it_lets_go(string name, Pairing pairing)
    {
        const int waiters = 3;
        using var world = new WaitWorld(pairing);
        WaitPrimitive primitive = world.Make(name, waiters);
        WaitWorld.Other other = world.StartHolder(primitive);
        int through = 0;
        Party[] parties = [.. Enumerable.Range(0, waiters).Select(_ => world.StartWaiter(() =>
        {
            primitive.Wait();
            Interlocked.Increment(ref through);
            primitive.Done();
        }))];
        world.AwaitWaiting(parties);
        Assert.Equal(0, Volatile.Read(ref through));
        other.LetGo();
        if (primitive.LetsOneThrough)
        {
            for (int i = 1; i < waiters; i++)
            {
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref through) >= i, TimeLimit.Generous), "nobody got through");
                world.AwaitWaiting(parties);
                Assert.Equal(i, Volatile.Read(ref through));
                world.StartOther(primitive.LetGo).Join();
            }
        }
        foreach (Party party in parties)
            party.Join();
        Assert.Equal(waiters, through);
    }

    [Theory]
    [MemberData(nameof(RowsWithTimeout))]
    public void Who_is_out_of_time_has_taken_nothing(string name, Pairing pairing)
    {
        using var world = new WaitWorld(pairing);
        WaitPrimitive primitive = world.Make(name);
        WaitWorld.Other other = world.StartHolder(primitive);
        var isOutOfTime = new Signal();
        Party waiter = world.StartWaiter(() =>
        {
            Assert.False(primitive.Wait(TimeSpan.Zero));
            Assert.False(primitive.Wait(s_short));
            isOutOfTime.Set();
            Assert.True(primitive.Wait(TimeLimit.Generous));
            primitive.Done();
            if (primitive.LetsOneThrough)
                Assert.False(primitive.Wait(s_short));
        });
        Assert.True(isOutOfTime.Wait(Deadline.After(TimeLimit.Generous)) || waiter.HasEnded);
        other.LetGo();
        waiter.Join();
    }

    [Theory]
    [MemberData(nameof(RowsWithToken))]
    public void Who_is_cancelled_by_its_token_has_taken_nothing(string name, Pairing pairing)
    {
        using var world = new WaitWorld(pairing);
        WaitPrimitive primitive = world.Make(name);
        WaitWorld.Other other = world.StartHolder(primitive);
        using var source = new CancellationTokenSource();
        var isCancelled = new Signal();
        Party waiter = world.StartWaiter(() =>
        {
            Assert.Equal(source.Token, Assert.ThrowsAny<OperationCanceledException>(() => primitive.Wait(source.Token)).CancellationToken);
            Assert.ThrowsAny<OperationCanceledException>(() => primitive.Wait(source.Token));
            isCancelled.Set();
            primitive.Wait(CancellationToken.None);
            primitive.Done();
        });
        world.AwaitWaiting(waiter);
        world.StartOther(source.Cancel).Join();
        Assert.True(isCancelled.Wait(Deadline.After(TimeLimit.Generous)) || waiter.HasEnded);
        other.LetGo();
        waiter.Join();
    }

    /// <summary>
    /// What has no token is cancelled by the end of the group. A green thread leaves its wait with nothing, or goes on to wait if it is for a lock; one that
    /// another waits for lets go in its clean-up.
    /// </summary>
    [Theory]
    [MemberData(nameof(RowsWithoutToken))]
    public void Who_is_cancelled_by_the_end_of_its_group_has_taken_nothing(string name, Pairing pairing)
    {
        using var world = new WaitWorld(pairing, isApart: true);
        WaitPrimitive primitive = world.Make(name);
        WaitWorld.Other other = world.StartHolder(primitive);
        Party waiter = world.StartWaiter(() =>
        {
            primitive.Wait();
            primitive.Done();
        });
        world.AwaitWaiting(waiter);
        if (world.GreenWaits && !primitive.EndsWithGroup)
        {
            Party closer = Party.OnOsThread(world.WaitersGroup.Dispose);
            Assert.True(SpinWait.SpinUntil(() => world.WaitersGroup.IsCanceling, TimeLimit.Generous));
            Deadline patience = Deadline.After(GreenSynchronizationContext.Patience * 1.5);
            SpinWait.SpinUntil(() => patience.HasPassed);
            Assert.False(waiter.HasEnded);
            other.LetGo();
            waiter.Join();
            closer.Join();
        }
        else if (world.GreenWaits)
        {
            world.WaitersGroup.Dispose();
            Assert.Throws<GreenThreadCanceledException>(waiter.Join);
            other.LetGo();
            Party next = Party.OnOsThread(() =>
            {
                primitive.Wait();
                primitive.Done();
            });
            next.Join();
        }
        else
        {
            world.OthersGroup.Dispose();
            Assert.Throws<GreenThreadCanceledException>(other.Party.Join);
            if (primitive.SharesFailures)
                Assert.Throws<GreenThreadCanceledException>(waiter.Join);
            else
                waiter.Join();
        }
    }

    [Theory]
    [MemberData(nameof(ExclusiveRows))]
    public void Under_contention_one_is_through_at_a_time_and_nobody_is_forgotten(string name, Pairing pairing)
    {
        const int rounds = 40;
        using var world = new WaitWorld(pairing);
        WaitPrimitive primitive = world.Make(name);
        if (!primitive.IsLock)
            primitive.LetGo();
        int inside = 0, through = 0;
        Party[] parties =
        [
            .. Enumerable.Range(0, 3).Select(_ => world.StartWaiter(Work)),
            .. Enumerable.Range(0, 2).Select(_ => world.StartOther(Work)),
        ];
        foreach (Party party in parties)
            party.Join();
        Assert.Equal(rounds * parties.Length, through);

        void Work()
        {
            for (int i = 0; i < rounds; i++)
            {
                primitive.Wait();
                Assert.Equal(1, Interlocked.Increment(ref inside));
                through++;
                for (int yields = i % 4; yields > 0; yields--)
                    GreenThread.Yield();
                Assert.Equal(0, Interlocked.Decrement(ref inside));
                primitive.PassOn();
            }
        }
    }

    [Theory]
    [MemberData(nameof(OpenRows))]
    public void Who_comes_while_the_other_lets_go_gets_through(string name, Pairing pairing)
    {
        const int rounds = 30, waiters = 2;
        using var world = new WaitWorld(pairing);
        for (int i = 0; i < rounds; i++)
        {
            int round = i;
            WaitPrimitive primitive = world.Make(name, waiters);
            Party other = world.StartOther(() =>
            {
                primitive.Hold();
                for (int yields = round % 6; yields > 0; yields--)
                    GreenThread.Yield();
                primitive.LetGo();
            });
            Party[] parties = [.. Enumerable.Range(0, waiters).Select(_ => world.StartWaiter(() =>
            {
                primitive.Wait();
                primitive.Done();
            }))];
            foreach (Party party in parties)
                party.Join();
            other.Join();
        }
    }
}
