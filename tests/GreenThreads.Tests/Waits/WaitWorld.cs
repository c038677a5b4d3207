namespace GreenThreads.Tests;

/// <summary>
/// Two groups of one scheduler each and no spare ones, and OS threads. A green thread that kept its OS thread while it waits would stop everybody of its
/// group, and the test would hang.
/// </summary>
internal sealed class WaitWorld : IDisposable
{
    private readonly Pairing _pairing;

    /// <param name="pairing">Who waits for whom.</param>
    /// <param name="isApart">Whether green threads of the two parties live in groups of their own. Otherwise they share a scheduler.</param>
    internal WaitWorld(Pairing pairing, bool isApart = false)
    {
        _pairing = pairing;
        WaitersGroup = NewGroup("waiters");
        OthersGroup = isApart ? NewGroup("others") : WaitersGroup;
    }

    internal SchedulerGroup WaitersGroup { get; }

    internal SchedulerGroup OthersGroup { get; }

    internal bool GreenWaits => _pairing != Pairing.OsThreadWaitsForGreen;

    internal WaitPrimitive Make(string name, int waiters = 1) => PrimitiveTable.Make(name, new WaitSetup(waiters, body => StartOther(body)));

    internal Party StartWaiter(Action body) => GreenWaits ? Party.OnGreenThread(WaitersGroup, body) : Party.OnOsThread(body);

    internal Party StartOther(Action body) =>
        _pairing == Pairing.GreenWaitsForOsThread ? Party.OnOsThread(body) : Party.OnGreenThread(OthersGroup, body);

    /// <summary>The other party holds it, and lets go when it is told to, or when it is cancelled.</summary>
    internal Other StartHolder(WaitPrimitive primitive)
    {
        var holds = new Signal();
        var order = new Signal();
        Party party = StartOther(() =>
        {
            primitive.Hold();
            try
            {
                holds.Set();
                order.Wait(Deadline.Never);
            }
            finally
            {
                primitive.LetGo();
            }
        });
        Assert.True(holds.Wait(Deadline.After(TimeLimit.Generous)), "the other party cannot take it");
        return new Other(party, order);
    }

    /// <summary>Waits until all of them wait, and shows that their schedulers run others meanwhile.</summary>
    internal void AwaitWaiting(params Party[] waiters)
    {
        foreach (Party waiter in waiters)
            waiter.AwaitWaiting();
        Assert.True(WaitersGroup.Spawn(static () => { }).Join(TimeLimit.Generous), "the scheduler is blocked");
    }

    /// <summary>How many waits of the waiters' group did not end at once.</summary>
    internal long WaitsThatTookTime() => WaitersGroup.Snapshot().Schedulers.Sum(static scheduler =>
        scheduler.ManagedWaits.AfterYield + scheduler.ManagedWaits.HandedOver + scheduler.ManagedWaits.LookedAt);

    public void Dispose()
    {
        WaitersGroup.Dispose();
        OthersGroup.Dispose();
    }

    private static SchedulerGroup NewGroup(string name) =>
        new(new SchedulerGroupOptions { Name = name, Schedulers = 1, MaximumSpareSchedulers = 0 });

    internal sealed record Other(Party Party, Signal Order)
    {
        internal void LetGo()
        {
            Order.Set();
            Party.Join();
        }
    }
}
