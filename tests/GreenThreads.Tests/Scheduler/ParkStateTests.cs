namespace GreenThreads.Tests;

public sealed class ParkStateTests
{
    [Fact]
    public void A_wake_before_the_park_is_taken_by_it()
    {
        var state = default(ParkState);
        Assert.False(state.Wake());
        Assert.Equal("Active+token", state.ToString());
        Assert.False(state.TryBeginPark());
        Assert.Equal("Active", state.ToString());
        Assert.True(state.TryBeginPark());
        Assert.True(state.TryCompletePark());
        Assert.True(state.IsParked);
    }

    [Fact]
    public void A_wake_while_parking_keeps_the_thread_runnable()
    {
        var state = default(ParkState);
        Assert.True(state.TryBeginPark());
        Assert.False(state.Wake());
        Assert.Equal("Active+token", state.ToString());
        Assert.False(state.TryCompletePark());
        Assert.Equal("Active", state.ToString());
    }

    [Fact]
    public void Exactly_one_of_several_wakes_makes_a_parked_thread_runnable()
    {
        var state = default(ParkState);
        Assert.True(state.TryBeginPark());
        Assert.True(state.TryCompletePark());
        Assert.Equal("Parked", state.ToString());
        Assert.True(state.Wake());
        Assert.False(state.Wake());
        Assert.Equal("Active+token", state.ToString());
    }

    [Fact]
    public void An_ended_thread_stays_ended()
    {
        var state = default(ParkState);
        state.End();
        Assert.False(state.Wake());
        Assert.True(state.IsEnded);
        Assert.Equal("Ended", state.ToString());
    }
}
