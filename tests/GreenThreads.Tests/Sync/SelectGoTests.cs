namespace GreenThreads.Tests;

/// <summary>What the select programs of Go's test/chan show, as green threads do it.</summary>
public sealed class SelectGoTests
{
    private static bool IsSwitched => GreenRuntime.Mode == GreenRuntimeMode.Switched;

    // select.go
    [Fact]
    public void Of_two_sends_the_one_that_is_disabled_never_happens() => Green.Run(() =>
    {
        const int count = 100;
        GreenChannel<int> a = GreenChannel.Rendezvous<int>(), b = GreenChannel.Rendezvous<int>();
        GreenThread sender = GreenThread.Spawn(() =>
        {
            SendCase<int> toA = Select.Send(a, 0), toB = Select.Send(b, 0);
            for (int i = 0; i < count; i++)
            {
                (toA.Value, toB.Value) = (2 * i, 2 * i + 1);
                SendCase<int>? first = toA, second = toB;
                for (int n = 0; n < 2; n++)
                {
                    if (Select.Wait(first, second) == 0)
                        first = null;
                    else
                        second = null;
                }
                Assert.True(first is null && second is null);
            }
            a.Complete();
            b.Complete();
        });
        GreenThread other = GreenThread.Spawn(() => Check(b, 1));
        Check(a, 0);
        other.Join();
        sender.Join();

        static void Check(GreenChannel<int> channel, int first)
        {
            int expected = first;
            foreach (int item in channel)
            {
                Assert.Equal(expected, item);
                expected += 2;
            }
            Assert.Equal(2 * count + first, expected);
        }
    });

    // select2.go
    [Fact]
    public void Memory_does_not_grow_with_selects_whose_losers_never_happen() => Green.Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>(), dummy = GreenChannel.Rendezvous<int>();
        int rounds = IsSwitched ? 100_000 : 2000;
        Exchange(rounds / 100);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Exchange(rounds);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 1 << 20, $"{grown} bytes more");
        Assert.Equal(0, dummy.WaiterCount);

        void Exchange(int count)
        {
            GreenThread sender = GreenThread.Spawn(() =>
            {
                for (int i = 0; i < count; i++)
                    channel.Send(1);
            });
            GreenThread receiver = GreenThread.Spawn(() =>
            {
                for (int i = 0; i < count; i++)
                    Assert.Equal(0, Select.Wait(Select.Receive(channel), Select.Receive(dummy)));
            });
            sender.Join();
            receiver.Join();
        }
    });

    // select6.go
    [Fact]
    public void A_waiter_leaves_the_middle_of_a_list_that_others_wait_in() => Green.Run(() =>
    {
        GreenChannel<bool> one = GreenChannel.Rendezvous<bool>(), other = GreenChannel.Rendezvous<bool>(), third = GreenChannel.Rendezvous<bool>();
        GreenThread first = GreenThread.Spawn(() => { one.Receive(); });
        WaitUntilWaiting(one, 1);
        GreenThread second = GreenThread.Spawn(() => Assert.Equal(1, Select.Wait(Select.Receive(one), Select.Receive(other))));
        WaitUntilWaiting(one, 2);
        GreenThread last = GreenThread.Spawn(() => { Select.Wait(Select.Receive(one), Select.Receive(third)); });
        WaitUntilWaiting(one, 3);
        other.Send(true);
        second.Join();
        Assert.Equal((2, 0), (one.WaiterCount, other.WaiterCount));
        one.Send(true);
        first.Join();
        one.Send(true);
        last.Join();
        Assert.Equal((0, 0), (one.WaiterCount, third.WaiterCount));
    });

    // select7.go
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    public void Every_way_to_receive_meets_every_way_to_send(int capacity) => Green.Run(() =>
    {
        Action<GreenChannel<int>>[] receivers =
        [
            channel => Assert.Equal(1, channel.Receive()),
            channel => Received(channel, receive => Select.Wait(receive)),
            channel => Received(channel, receive => Select.Wait(receive, Select.Receive(new GreenChannel<int>()))),
            channel => Received(channel, receive => Select.Wait(Select.Receive(new GreenChannel<int>()), null, receive)),
        ];
        Action<GreenChannel<int>>[] senders =
        [
            channel => channel.Send(1),
            channel => Select.Wait(Select.Send(channel, 1)),
            channel => Select.Wait(Select.Send(channel, 1), Select.Send(new GreenChannel<int>(), 2)),
            channel => Select.Wait(Select.Receive(new GreenChannel<int>()), Select.Send(channel, 1), null),
        ];
        foreach (Action<GreenChannel<int>> receive in receivers)
        {
            foreach (Action<GreenChannel<int>> send in senders)
            {
                for (int i = 0; i < 4; i++)
                {
                    var channel = new GreenChannel<int>(capacity);
                    GreenThread thread = GreenThread.Spawn(() => (i % 2 == 0 ? send : receive)(channel));
                    if (i < 2)
                        WaitUntilWaiting(channel, capacity > 0 && i == 0 ? 0 : 1);
                    (i % 2 == 0 ? receive : send)(channel);
                    thread.Join();
                    Assert.Equal((0, 0), (channel.Count, channel.WaiterCount));
                }
            }
        }

        static void Received(GreenChannel<int> channel, Action<ReceiveCase<int>> wait)
        {
            ReceiveCase<int> receive = Select.Receive(channel);
            wait(receive);
            Assert.Equal(1, receive.Value);
        }
    });

    // doubleselect.go
    [Fact]
    public void A_select_that_sends_in_four_ways_sends_each_item_once() => Green.Run(() =>
    {
        int count = IsSwitched ? 20_000 : 500;
        GreenChannel<int>[] channels = [.. Enumerable.Range(0, 4).Select(_ => GreenChannel.Rendezvous<int>())];
        GreenChannel<int> merged = GreenChannel.Rendezvous<int>();
        GreenThread.Spawn(() =>
        {
            SendCase<int>[] cases = [.. channels.Select(channel => Select.Send(channel, 0))];
            for (int i = 0; i < count; i++)
            {
                foreach (SendCase<int> one in cases)
                    one.Value = i;
                Select.Wait(cases);
            }
            Array.ForEach(channels, channel => channel.Complete());
        });
        GreenThread[] forwarders = [.. channels.Select(channel => GreenThread.Spawn(() =>
        {
            foreach (int item in channel)
                merged.Send(item);
        }))];
        GreenThread.Spawn(() =>
        {
            Array.ForEach(forwarders, one => one.Join());
            merged.Complete();
        });
        var seen = new bool[count];
        foreach (int item in merged)
        {
            Assert.False(seen[item], $"{item} came twice");
            seen[item] = true;
        }
        Assert.DoesNotContain(false, seen);
    });

    // goroutines.go
    [Fact]
    public void An_item_goes_through_a_long_chain_of_selects() => Green.Run(() =>
    {
        int length = IsSwitched ? 5000 : 100;
        GreenChannel<int> first = GreenChannel.Rendezvous<int>(), left = first;
        for (int i = 0; i < length; i++)
        {
            GreenChannel<int> from = left, to = GreenChannel.Rendezvous<int>();
            GreenThread.Spawn(() =>
            {
                ReceiveCase<int> receive = Select.Receive(from);
                Select.Wait(receive, Select.Receive(new GreenChannel<int>()));
                Select.Wait(Select.Send(to, receive.Value + 1));
            });
            left = to;
        }
        first.Send(0);
        Assert.Equal(length, left.Receive());
    });

    // zerosize.go
    [Fact]
    public void Items_without_a_size_are_items() => Green.Run(() =>
    {
        GreenChannel<Nothing> channel = GreenChannel.Rendezvous<Nothing>();
        GreenThread sender = GreenThread.Spawn(() => { Select.Wait(Select.Send(channel, default)); });
        ReceiveCase<Nothing> receive = Select.Receive(channel);
        Assert.Equal(0, Select.Wait(receive));
        Assert.True(receive.HasValue);
        sender.Join();
    });

    private static void WaitUntilWaiting(GreenChannel<bool> channel, int count) => WaitUntil(() => channel.WaiterCount == count);

    private static void WaitUntilWaiting(GreenChannel<int> channel, int count) => WaitUntil(() => channel.WaiterCount == count);

    private static void WaitUntil(Func<bool> condition)
    {
        while (!condition())
            GreenThread.Yield();
    }

    private readonly struct Nothing;
}
