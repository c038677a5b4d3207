using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary><see cref="Select"/> by one kind of thread: what a select does with channels, and with cases as such.</summary>
public abstract partial class SelectContract : ThreadContract
{
    [Fact]
    public void An_item_that_is_there_is_received_and_no_other() => Run(() =>
    {
        GreenChannel<int> full = GreenChannel.Bounded<int>(4), empty = GreenChannel.Bounded<int>(4), other = GreenChannel.Bounded<int>(4);
        ReceiveCase<int> fromEmpty = Select.Receive(empty), fromFull = Select.Receive(full);
        full.Send(7);
        full.Send(8);
        Assert.False(fromFull.HasValue);
        Assert.Equal(1, Select.Wait(fromEmpty, fromFull, Select.Receive(other)));
        Assert.Equal((true, 7, full), (fromFull.HasValue, fromFull.Value, fromFull.Channel));
        Assert.Equal(0, Select.Wait(fromFull));
        Assert.Equal(8, fromFull.Value);
        Assert.False(fromEmpty.HasValue);
        Assert.Equal(0, full.Count);
    });

    [Fact]
    public void Where_there_is_room_the_item_is_sent_and_no_other() => Run(() =>
    {
        GreenChannel<string> full = GreenChannel.Bounded<string>(1), free = GreenChannel.Bounded<string>(2);
        full.Send("before");
        SendCase<string> toFree = Select.Send(free, "one");
        Assert.Equal(1, Select.Wait(Select.Send(full, "never"), toFree));
        toFree.Value = "two";
        Assert.Equal(0, Select.Wait(toFree, Select.Send(full, "never")));
        Assert.Equal(["one", "two"], [free.Receive(), free.Receive()]);
        Assert.Equal(1, full.Count);
    });

    [Fact]
    public void With_a_default_case_nothing_is_waited_for() => Run(() =>
    {
        GreenChannel<int> rendezvous = GreenChannel.Rendezvous<int>(), full = GreenChannel.Bounded<int>(1);
        full.Send(1);
        Assert.Equal(-1, Select.Try());
        Assert.Equal(-1, Select.Try(null, null));
        Assert.Equal(-1, Select.Try(Select.Receive(rendezvous), Select.Send(rendezvous, 1), Select.Send(full, 2)));
        Assert.Equal(-1, Select.Try(Select.After(TimeLimit.Generous), Select.Canceled(default), Select.Acquire(new GreenSemaphore(0))));
        Assert.Equal(0, Select.Try(Select.Receive(full)));
        Assert.Equal(0, Select.Try(Select.Send(full, 2)));
        Assert.Equal(0, rendezvous.WaiterCount);
    });

    [Fact]
    public void A_case_that_is_null_is_disabled_and_counts() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
        channel.Send(5);
        Assert.Equal(2, Select.Wait(null, null, Select.Receive(channel), null));
        Assert.Equal(1, Select.Try(null, Select.Send(channel, 1)));
    });

    [Fact]
    public void A_completed_channel_is_ready_to_be_received_from_after_its_items() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Unbounded<int>();
        channel.Send(1);
        channel.Complete(new FormatException());
        ReceiveCase<int> receive = Select.Receive(channel);
        Assert.Equal(0, Select.Wait(receive));
        Assert.Equal((true, 1), (receive.HasValue, receive.Value));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, i == 1 ? Select.Try(receive) : Select.Wait(receive, Select.Receive(new GreenChannel<int>())));
            Assert.Equal((false, 0), (receive.HasValue, receive.Value));
        }
    });

    [Fact]
    public void A_send_to_a_completed_channel_throws_and_sends_nothing() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
        channel.Complete(new FormatException("the reason"));
        SendCase<int> send = Select.Send(channel, 1);
        Assert.IsType<FormatException>(Assert.Throws<ChannelClosedException>(() => Select.Wait(send)).InnerException);
        Assert.Throws<ChannelClosedException>(() => Select.Try(send));
        Assert.Equal(0, channel.Count);
        // The case is free again.
        Assert.Equal(1, Select.Wait(null, Select.After(TimeSpan.Zero)));
        Assert.Throws<ChannelClosedException>(() => Select.Wait(Select.Receive(new GreenChannel<int>()), send));
    });

    [Fact]
    public void A_select_that_waits_to_receive_gets_what_is_sent() => Run(() =>
    {
        GreenChannel<int> one = GreenChannel.Rendezvous<int>(), other = GreenChannel.Bounded<int>(1);
        ReceiveCase<int> fromOne = Select.Receive(one), fromOther = Select.Receive(other);
        for (int i = 0; i < 50; i++)
        {
            Selection selection = StartSelect(fromOne, fromOther);
            WaitUntilItWaits(selection);
            if (i % 2 == 0)
                one.Send(i);
            else
                other.Send(i);
            Assert.Equal(i % 2, IndexOf(selection));
            Assert.Equal(i, (i % 2 == 0 ? fromOne : fromOther).Value);
            Assert.Equal((0, 0, 0), (one.WaiterCount, other.WaiterCount, other.Count));
        }
    });

    [Fact]
    public void A_select_that_waits_to_send_gives_what_is_received() => Run(() =>
    {
        GreenChannel<int> one = GreenChannel.Rendezvous<int>(), other = GreenChannel.Bounded<int>(1);
        other.Send(-1);
        SendCase<int> toOne = Select.Send(one, 0), toOther = Select.Send(other, 0);
        int last = -1;
        for (int i = 0; i < 50; i++)
        {
            (toOne.Value, toOther.Value) = (i, i);
            Selection selection = StartSelect(toOne, toOther);
            WaitUntilItWaits(selection);
            Assert.Equal(i % 2 == 0 ? i : last, i % 2 == 0 ? one.Receive() : other.Receive());
            Assert.Equal(i % 2, IndexOf(selection));
            last = i % 2 == 0 ? last : i;
            Assert.Equal((0, 0, 1), (one.WaiterCount, other.WaiterCount, other.Count));
        }
    });

    [Fact]
    public void The_completion_of_a_channel_ends_the_wait() => Run(() =>
    {
        for (int i = 0; i < 4; i++)
        {
            GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
            ReceiveCase<int> receive = Select.Receive(channel);
            SendCase<int> send = Select.Send(channel, 1);
            Selection selection = i switch
            {
                0 => StartSelect(receive),
                1 => StartSelect(send),
                2 => StartSelect(receive, Select.Receive(new GreenChannel<int>()), Select.Receive(channel)),
                _ => StartSelect(null, Select.After(TimeLimit.Generous), send),
            };
            WaitUntilItWaits(selection);
            channel.Complete();
            if (i % 2 == 0)
                Assert.Contains(IndexOf(selection), new[] { 0, 2 });
            else
                Assert.Throws<ChannelClosedException>(() => IndexOf(selection));
            Assert.False(receive.HasValue);
            Assert.Equal(0, channel.WaiterCount);
        }
    });

    [Fact]
    public void Asynchronous_code_hears_of_a_select_that_waits() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        for (int i = 0; i < 20; i++)
        {
            int item = i;
            Task sender = Task.Run(async () => await channel.AsWriter().WriteAsync(item));
            ReceiveCase<int> receive = Select.Receive(channel);
            Assert.Equal(1, Select.Wait(Select.Receive(new GreenChannel<int>()), receive));
            Assert.Equal(i, receive.Value);
            Join(sender);
            Task<int> receiver = Task.Run(async () => await channel.AsReader().ReadAsync());
            Assert.Equal(0, Select.Wait(Select.Send(channel, i), Select.Receive(new GreenChannel<int>())));
            Join(receiver);
        }
    });

    [Fact]
    public void More_than_sixty_four_cases() => Run(() =>
    {
        const int count = 300;
        GreenChannel<int>[] channels = [.. Enumerable.Range(0, count).Select(_ => GreenChannel.Bounded<int>(1))];
        // Not in the order of their numbers, and each twice.
        SelectCase?[] cases = [.. channels.Reverse().Concat(channels).Select(Select.Receive)];
        for (int i = 0; i < count; i += 7)
        {
            if (i % 2 == 0)
                channels[i].Send(i);
            Selection selection = StartSelect(cases);
            if (i % 2 != 0)
            {
                WaitUntilItWaits(selection);
                channels[i].Send(i);
            }
            int index = IndexOf(selection);
            Assert.Contains(index, new[] { count - 1 - i, count + i });
            Assert.Equal(i, ((ReceiveCase<int>)cases[index]!).Value);
            Assert.All(channels, channel => Assert.Equal(0, channel.WaiterCount));
        }
        Assert.Equal(-1, Select.Try(cases));
    });

    [Fact]
    public void A_case_that_is_in_use_is_refused_and_comes_to_no_harm() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1), other = GreenChannel.Bounded<int>(1);
        ReceiveCase<int> used = Select.Receive(channel), free = Select.Receive(other);
        Selection selection = StartSelect(used);
        WaitUntilItWaits(selection);
        other.Send(1);
        Assert.Throws<InvalidOperationException>(() => Select.Wait(free, used));
        Assert.Throws<InvalidOperationException>(() => Select.Try(used, free));
        Assert.Throws<InvalidOperationException>(() => Select.Try(free, free));
        Assert.Equal(0, Select.Try(free));
        channel.Send(2);
        Assert.Equal(0, IndexOf(selection));
        Assert.Equal(2, used.Value);
    });

    [Fact]
    public void What_a_select_waits_for_is_known_to_tools() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        var semaphore = new GreenSemaphore(0);
        Selection selection = StartSelect(Select.Receive(channel), null, Select.Send(channel, 1), Select.Acquire(semaphore));
        WaitUntilItWaits(selection);
        List<object> targets = [];
        ((SelectWait)selection.Waiter!.WaitsFor!).CopyTargetsTo(targets);
        Assert.Equal([channel, semaphore], targets.OrderBy(one => one is GreenSemaphore));
        Assert.True(selection.Waiter.WaitsForNothingElse);
        Assert.Contains("receive from", selection.Waiter.WaitsFor.ToString(), StringComparison.Ordinal);
        WaitUntil(() => channel.WaiterCount == 2 && semaphore.WaiterCount == 1);
        List<WaitNode> waiters = [];
        channel.CopyWaitersTo(waiters);
        semaphore.CopyWaitersTo(waiters);
        Assert.All(waiters, node => Assert.Same(selection.Waiter, ((SelectCase)node).Waiter));
        semaphore.Release();
        Assert.Equal(3, IndexOf(selection));
        Assert.Null(selection.Waiter.WaitsFor);

        selection = StartSelect(Select.Receive(channel), Select.After(TimeLimit.Generous));
        WaitUntilItWaits(selection);
        Assert.False(selection.Waiter!.WaitsForNothingElse);
        channel.Send(1);
        Assert.Equal(0, IndexOf(selection));
    });

    private Selection StartSelect(params SelectCase?[] cases)
    {
        var selection = new Selection();
        selection.Task = Start(() =>
        {
            selection.Waiter = Waiter.Current;
            selection.Index = Select.Wait(cases);
        });
        return selection;
    }

    private void WaitUntilItWaits(Selection selection) => WaitUntil(() =>
    {
        if (selection.Task!.IsCompleted)
            selection.Task.GetAwaiter().GetResult();
        return selection.Waiter is { WaitsFor: SelectWait };
    });

    private int IndexOf(Selection selection)
    {
        Join(selection.Task!);
        return selection.Index;
    }

    /// <summary>A select that another thread does.</summary>
    private sealed class Selection
    {
        private volatile Waiter? _waiter;

        internal Task? Task { get; set; }

        internal Waiter? Waiter
        {
            get => _waiter;
            set => _waiter = value;
        }

        internal int Index { get; set; }
    }
}

public sealed class GreenThreadSelectTests : SelectContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadSelectTests : SelectContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
