namespace GreenThreads.Tests;

/// <summary>What the select tests of Go's runtime show.</summary>
public sealed class SelectRuntimeTests
{
    private static bool IsSwitched => GreenRuntime.Mode == GreenRuntimeMode.Switched;

    // SelectFairness. Binomial: with 10,000 rounds, 4,000 is twenty standard deviations away.
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Of_cases_that_are_always_ready_each_has_its_share(int count)
    {
        const int rounds = 10_000;
        GreenChannel<int> never = GreenChannel.Rendezvous<int>();
        GreenChannel<int>[] channels = [.. Enumerable.Range(0, count).Select(_ => GreenChannel.Unbounded<int>())];
        // Of each kind, and both ends.
        SelectCase?[] cases = [Select.Receive(never), null, .. channels.Select(channel => Select.Send(channel, 1)), Select.After(TimeSpan.Zero)];
        var chosen = new int[cases.Length];
        for (int i = 0; i < rounds; i++)
            chosen[Select.Wait(cases)]++;
        int share = rounds / (count + 1);
        Assert.All(chosen.Skip(2), times => Assert.InRange(times, share * 0.8, share * 1.2));
        Assert.Equal(chosen.Skip(2).SkipLast(1), channels.Select(channel => channel.Count));

        // And as many from each when they are taken out.
        for (int i = 0; i < rounds; i++)
            Array.ForEach(channels, channel => channel.Send(1));
        SelectCase?[] receives = [.. channels.Select(Select.Receive)];
        var received = new int[count];
        for (int i = 0; i < rounds; i++)
            received[Select.Try(receives)]++;
        Assert.All(received, times => Assert.InRange(times, rounds / count * 0.8, rounds / count * 1.2));
    }

    // SelectFairness itself: two senders that never stop, and a receiver that counts.
    [Fact]
    public void Two_senders_that_never_stop_are_both_heard() => Green.Run(() =>
    {
        const int trials = 3000;
        GreenChannel<byte> one = GreenChannel.Bounded<byte>(trials + 1), other = GreenChannel.Bounded<byte>(trials + 1);
        for (int i = 0; i < trials; i++)
        {
            one.Send(1);
            other.Send(2);
        }
        GreenChannel<byte> third = GreenChannel.Rendezvous<byte>(), fourth = GreenChannel.Rendezvous<byte>(), output = GreenChannel.Rendezvous<byte>(), end = new();
        GreenThread forwarder = GreenThread.Spawn(() =>
        {
            ReceiveCase<byte>[] sources = [Select.Receive(third), Select.Receive(fourth), Select.Receive(one), Select.Receive(other)];
            SelectCase ends = Select.Receive(end);
            while (true)
            {
                byte item = sources[Select.Wait(sources)].Value;
                if (Select.Wait(Select.Send(output, item), ends) == 1)
                    return;
            }
        });
        int ones = 0;
        for (int i = 0; i < trials; i++)
            ones += output.Receive() == 1 ? 1 : 0;
        end.Complete();
        forwarder.Join();
        Assert.InRange(ones, trials * 0.4, trials * 0.6);
    });

    // SelfSelect
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_select_does_not_meet_itself(int capacity) => Green.Run(() =>
    {
        int rounds = IsSwitched ? 2000 : 200;
        var channel = new GreenChannel<int>(capacity);
        GreenThread[] both = [.. Enumerable.Range(0, 2).Select(self => GreenThread.Spawn(() =>
        {
            SendCase<int> send = Select.Send(channel, self);
            ReceiveCase<int> receive = Select.Receive(channel);
            for (int i = 0; i < rounds; i++)
            {
                // Each in one order, though that means nothing.
                SelectCase? chosen = self == 0 || i % 2 == 0 ? Choose(send, receive) : Choose(receive, send);
                if (chosen == receive)
                    Assert.True(capacity > 0 || receive.Value != self, "received from itself");
            }
        }))];
        // With no room each round of one needs one of the other, so both come to their end.
        Array.ForEach(both, one => one.Join());
        Assert.Equal(0, channel.WaiterCount);

        static SelectCase Choose(SelectCase one, SelectCase other) => Select.Wait(one, other) == 0 ? one : other;
    });

    // SelectDuplicateChannel
    [Fact]
    public void One_channel_in_several_cases_is_left_by_all_of_them() => Green.Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>(), end = GreenChannel.Rendezvous<int>();
        GreenThread all = GreenThread.Spawn(() => Assert.Equal(2, Select.Wait(Select.Receive(channel), Select.Receive(channel), Select.Receive(end))));
        while (channel.WaiterCount != 2)
            GreenThread.Yield();
        GreenThread behind = GreenThread.Spawn(() => Assert.Equal(1, channel.Receive()));
        while (channel.WaiterCount != 3)
            GreenThread.Yield();
        end.Send(3);
        all.Join();
        Assert.Equal(1, channel.WaiterCount);
        channel.Send(1);
        behind.Join();
    });

    // NonblockSelectRace: of two channels one always has an item, so there is never nothing.
    [Fact]
    public void A_default_case_is_not_taken_while_an_item_moves_from_one_channel_to_another() => Green.Run(() =>
    {
        int rounds = IsSwitched ? 20_000 : 300;
        for (int i = 0; i < rounds; i++)
        {
            GreenChannel<int> one = GreenChannel.Bounded<int>(1), other = GreenChannel.Bounded<int>(1);
            one.Send(1);
            GreenThread<int> looking = GreenThread.Spawn(() => Select.Try(Select.Receive(one), Select.Receive(other)));
            other.Send(1);
            Select.Try(Select.Receive(one));
            Assert.NotEqual(-1, looking.Result);
        }
    });

    // NonblockSelectRace2: the same with a completion.
    [Fact]
    public void A_default_case_is_not_taken_while_a_channel_is_completed_for_an_item() => Green.Run(() =>
    {
        int rounds = IsSwitched ? 20_000 : 300;
        for (int i = 0; i < rounds; i++)
        {
            GreenChannel<int> one = GreenChannel.Bounded<int>(1), other = GreenChannel.Rendezvous<int>();
            one.Send(1);
            GreenThread<int> looking = GreenThread.Spawn(() => Select.Try(Select.Receive(one), Select.Receive(other)));
            other.Complete();
            Select.Try(Select.Receive(one));
            Assert.NotEqual(-1, looking.Result);
        }
    });
}
