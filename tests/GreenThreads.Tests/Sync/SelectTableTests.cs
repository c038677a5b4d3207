using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Which operations wait and which do not, alone and in selects, as Go's select3.go has it.</summary>
public sealed class SelectTableTests
{
    public enum Kind
    {
        None,
        Rendezvous,
        Empty,
        Full,
        Completed,
    }

    public enum Outcome
    {
        Waits,
        Happens,
        Throws,
    }

    [Theory]
    [InlineData(Kind.None, Outcome.Waits, Outcome.Waits)]
    [InlineData(Kind.Rendezvous, Outcome.Waits, Outcome.Waits)]
    [InlineData(Kind.Empty, Outcome.Happens, Outcome.Waits)]
    [InlineData(Kind.Full, Outcome.Waits, Outcome.Happens)]
    [InlineData(Kind.Completed, Outcome.Throws, Outcome.Happens)]
    public void Of_each_kind_of_channel(Kind kind, Outcome ofSend, Outcome ofReceive)
    {
        foreach (bool amongOthers in new[] { false, true })
        {
            Check(ofSend, amongOthers, channel => channel is null ? null : Select.Send(channel, 1), kind);
            Check(ofReceive, amongOthers, channel => channel is null ? null : Select.Receive(channel), kind);
        }
    }

    [Fact]
    public void No_case_at_all_waits_and_the_default_case_does_not()
    {
        Check(Outcome.Waits, amongOthers: false, _ => null, Kind.None);
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "waiting" });
        GreenThread thread = group.Spawn(() => { Select.Wait(); });
        Assert.True(SpinWait.SpinUntil(() => thread is { WaitsFor: SelectWait, WaitsForNothingElse: true }, TimeLimit.Generous));
        thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(thread.Join);
        Assert.Equal(-1, Select.Try());
    }

    private static void Check(Outcome expected, bool amongOthers, Func<GreenChannel<int>?, SelectCase?> caseOf, Kind kind)
    {
        SelectCase? one = caseOf(ChannelOf(kind));
        SelectCase?[] cases = amongOthers ? [Select.Receive(new GreenChannel<int>()), one, Select.Send(new GreenChannel<int>(), 1)] : [one];
        int index = Array.IndexOf(cases, one);
        if (expected == Outcome.Throws)
            Assert.Throws<ChannelClosedException>(() => Select.Try(cases));
        else
            Assert.Equal(expected == Outcome.Happens ? index : -1, Select.Try(cases));

        one = caseOf(ChannelOf(kind));
        cases[index] = one;
        GreenThread<int> thread = GreenThread.Spawn(() => Select.Wait(cases));
        if (expected == Outcome.Waits)
        {
            Assert.True(SpinWait.SpinUntil(() => thread.WaitsFor is SelectWait, TimeLimit.Generous));
            thread.Cancel();
            Assert.Throws<GreenThreadCanceledException>(thread.Join);
        }
        else if (expected == Outcome.Throws)
        {
            Assert.Throws<ChannelClosedException>(thread.Join);
        }
        else
        {
            Assert.Equal(index, thread.Result);
        }
    }

    private static GreenChannel<int>? ChannelOf(Kind kind)
    {
        if (kind == Kind.None)
            return null;
        var channel = new GreenChannel<int>(kind == Kind.Rendezvous ? 0 : 1);
        if (kind == Kind.Full)
            channel.Send(0);
        if (kind == Kind.Completed)
            channel.Complete();
        return channel;
    }
}
