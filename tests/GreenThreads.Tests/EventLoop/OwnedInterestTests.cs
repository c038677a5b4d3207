namespace GreenThreads.Tests;

/// <summary>Waits for the number of a socket of ours, in another loop than the one where the socket is registered.</summary>
public sealed class OwnedInterestTests : IDisposable
{
    private readonly SchedulerGroup _owners = new(new SchedulerGroupOptions { Schedulers = 1, Name = "owners" });
    private readonly SchedulerGroup _guests = new(new SchedulerGroupOptions { Schedulers = 1, Name = "guests" });
    private readonly SocketPair _pair = new();

    public void Dispose()
    {
        _guests.Dispose();
        _owners.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public void A_wait_by_number_hears_of_the_close() => Ends(EventLoop.WaitReadable);

    [Fact]
    public void A_select_by_number_hears_of_the_close() => Ends(static number => Select.Wait(Select.Readable(number)));

    private void Ends(Action<int> wait)
    {
        int number = (int)_pair.One.DangerousGetHandle();
        GreenThread owner = _owners.Spawn(() => { _pair.One.Receive(new byte[8], Timeout.Infinite); });
        WaitUntilParked(owner);
        GreenThread guest = _guests.Spawn(() => wait(number));
        WaitUntilParked(guest);
        _pair.One.Dispose();
        Assert.Throws<ObjectDisposedException>(() => guest.Join(TimeLimit.Generous));
        Assert.Throws<ObjectDisposedException>(() => owner.Join(TimeLimit.Generous));
        Assert.Equal(0, _guests.RegularSchedulers[0].EventLoop.InterestCount);
    }

    private static void WaitUntilParked(GreenThread thread) =>
        Assert.True(SpinWait.SpinUntil(() => thread.State == GreenThreadState.Parked, TimeLimit.Generous));
}
