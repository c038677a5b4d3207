using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Channels, used by one kind of thread.</summary>
public abstract class ChannelContract : ThreadContract
{
    [Fact]
    public void A_rendezvous_hands_over_in_order() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Task sender = Start(() =>
        {
            for (int i = 0; i < 100; i++)
                channel.Send(i);
        });
        for (int i = 0; i < 100; i++)
            Assert.Equal(i, channel.Receive());
        Join(sender);
        Assert.Equal(0, channel.WaiterCount);
    });

    [Fact]
    public void A_send_to_a_rendezvous_returns_once_the_item_was_received() => Run(() =>
    {
        var channel = new GreenChannel<string>();
        bool isSent = false;
        Task sender = Start(() =>
        {
            channel.Send("item");
            Volatile.Write(ref isSent, true);
        });
        WaitUntil(() => channel.WaiterCount == 1);
        Assert.False(Volatile.Read(ref isSent));
        Assert.Equal(0, channel.Count);
        Assert.Equal("item", channel.Receive());
        Join(sender);
    });

    [Fact]
    public void A_full_channel_lets_senders_wait_and_keeps_the_order() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(3);
        for (int i = 0; i < 3; i++)
            channel.Send(i);
        Assert.False(channel.TrySend(99));
        Assert.Equal(3, channel.Count);
        Task sender = Start(() => channel.Send(3));
        WaitUntil(() => channel.WaiterCount == 1);
        Assert.Equal(0, channel.Receive());
        Join(sender);
        for (int i = 1; i < 4; i++)
            Assert.Equal(i, channel.Receive());
        Assert.False(channel.TryReceive(out _));
    });

    [Fact]
    public void An_unbounded_channel_takes_everything_at_once() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Unbounded<int>();
        Assert.Equal(int.MaxValue, channel.Capacity);
        int sent = 0, received = 0;
        // Begins anywhere in the ring, and grows there.
        for (int round = 1; round < 200; round++)
        {
            for (int i = 0; i < round; i++)
                channel.Send(sent++);
            for (int i = 0; i < round - round / 10; i++)
                Assert.Equal(received++, channel.Receive());
        }
        Assert.Equal(sent - received, channel.Count);
        while (channel.TryReceive(out int item))
            Assert.Equal(received++, item);
        Assert.Equal(sent, received);
        for (int i = 0; i < 10_000; i++)
            channel.Send(i);
        for (int i = 0; i < 10_000; i++)
            Assert.Equal(i, channel.Receive());
        channel.Send(1);
        Assert.Equal(1, channel.Receive());
    });

    [Fact]
    public void Waiting_receivers_are_served_in_their_order() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(10);
        int[] received = new int[5];
        var receivers = new List<Task>();
        for (int i = 0; i < received.Length; i++)
        {
            int index = i;
            receivers.Add(Start(() => received[index] = channel.Receive()));
            WaitUntil(() => channel.WaiterCount == index + 1);
        }
        for (int i = 0; i < received.Length; i++)
            Assert.True(channel.TrySend(i));
        Join([.. receivers]);
        Assert.Equal([0, 1, 2, 3, 4], received);
        Assert.Equal(0, channel.Count);
    });

    [Fact]
    public void Try_methods_need_a_counterpart_that_waits() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Assert.False(channel.TrySend(1));
        Assert.False(channel.TryReceive(out int item));
        Assert.Equal(0, item);
        Task receiver = Start(() => Assert.Equal(2, channel.Receive()));
        WaitUntil(() => channel.TrySend(2));
        Join(receiver);
        Task sender = Start(() => channel.Send(3));
        WaitUntil(() => channel.TryReceive(out item));
        Assert.Equal(3, item);
        Join(sender);
    });

    [Fact]
    public void Who_received_nothing_does_not_see_what_another_has_received() => Run(() =>
    {
        var channel = new GreenChannel<int>();
        Task receiver = Start(() => Assert.Equal(42, channel.Receive()));
        WaitUntil(() => channel.WaiterCount == 1);
        channel.Send(42);
        Join(receiver);
        Assert.False(channel.TryReceive(out int item, TimeSpan.FromTicks(1)));
        Assert.Equal(0, item);
    });

    [Fact]
    public void A_wait_that_times_out_leaves_nothing_behind() => Run(() =>
    {
        GreenChannel<object> channel = GreenChannel.Rendezvous<object>();
        Assert.False(channel.TrySend(new object(), TimeSpan.FromMilliseconds(1)));
        Assert.False(channel.TrySend(new object(), TimeSpan.Zero));
        Assert.False(channel.TryReceive(out object? item, TimeSpan.FromMilliseconds(1)));
        Assert.Null(item);
        Assert.False(channel.TryReceive(out _, TimeSpan.Zero));
        Assert.Equal(0, channel.WaiterCount);
        Assert.False(channel.TryReceive(out _));
        Assert.False(channel.TrySend(new object()));
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.TrySend(new object(), TimeSpan.FromSeconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.TryReceive(out _, TimeSpan.FromSeconds(-2)));
    });

    [Fact]
    public void A_wait_with_a_timeout_gets_what_comes_in_time() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Task other = Start(() =>
        {
            Assert.True(channel.TryReceive(out int item, TimeLimit.Generous));
            Assert.True(channel.TrySend(item + 1, Timeout.InfiniteTimeSpan));
        });
        Assert.True(channel.TrySend(1, TimeLimit.Generous));
        Assert.True(channel.TryReceive(out int answer, TimeLimit.Generous));
        Assert.Equal(2, answer);
        Join(other);
    });

    [Fact]
    public void A_cancelled_wait_has_neither_sent_nor_received() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        using var cancellation = new CancellationTokenSource();
        Task[] waiters =
        [
            Start(() => Assert.Equal(cancellation.Token, Assert.Throws<OperationCanceledException>(() => channel.Receive(cancellation.Token)).CancellationToken)),
            Start(() => Assert.Throws<OperationCanceledException>(() => channel.TryReceive(out _, TimeLimit.Generous, cancellation.Token))),
        ];
        WaitUntil(() => channel.WaiterCount == 2);
        cancellation.Cancel();
        Join(waiters);
        Assert.Equal(0, channel.WaiterCount);
        Assert.Throws<OperationCanceledException>(() => channel.Send(1, cancellation.Token));

        using var another = new CancellationTokenSource();
        Task sender = Start(() => Assert.Throws<OperationCanceledException>(() => channel.Send(1, another.Token)));
        WaitUntil(() => channel.WaiterCount == 1);
        another.Cancel();
        Join(sender);
        Assert.False(channel.TryReceive(out _));
    });

    [Fact]
    public void A_token_that_is_cancelled_already_receives_nothing() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Unbounded<int>();
        channel.Send(1);
        Assert.Throws<OperationCanceledException>(() => channel.Receive(new CancellationToken(true)));
        Assert.Throws<OperationCanceledException>(() => channel.Send(2, new CancellationToken(true)));
        Assert.Equal(1, channel.Count);
    });

    [Fact]
    public void What_was_sent_before_the_completion_is_received() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(4);
        channel.Send(1);
        channel.Send(2);
        Assert.False(channel.IsCompleted);
        channel.Complete();
        Assert.True(channel.IsCompleted);
        Assert.False(channel.TrySend(3));
        Assert.False(channel.TrySend(3, TimeLimit.Generous));
        Assert.Throws<ChannelClosedException>(() => channel.Send(3));
        Assert.Throws<ChannelClosedException>(() => channel.Send(3, CancellationToken.None));
        Assert.Equal(1, channel.Receive());
        Assert.True(channel.TryReceive(out int item));
        Assert.Equal(2, item);
        Assert.False(channel.TryReceive(out _));
        Assert.False(channel.TryReceive(out _, TimeLimit.Generous));
        Assert.Throws<ChannelClosedException>(() => channel.Receive());
        Assert.Throws<ChannelClosedException>(() => channel.Receive(CancellationToken.None));
        Assert.False(channel.TryComplete());
        Assert.Throws<ChannelClosedException>(() => channel.Complete());
    });

    [Fact]
    public void Receivers_that_wait_learn_of_the_completion() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Task[] receivers =
        [
            Start(() => Assert.Throws<ChannelClosedException>(() => channel.Receive())),
            Start(() => Assert.Throws<ChannelClosedException>(() => channel.Receive(new CancellationTokenSource().Token))),
            Start(() => Assert.False(channel.TryReceive(out _, Timeout.InfiniteTimeSpan))),
        ];
        WaitUntil(() => channel.WaiterCount == receivers.Length);
        channel.Complete();
        Join(receivers);
        Assert.Equal(0, channel.WaiterCount);
    });

    [Fact]
    public void Senders_that_wait_learn_that_nothing_was_sent() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
        channel.Send(1);
        Task[] senders =
        [
            Start(() => Assert.Throws<ChannelClosedException>(() => channel.Send(2))),
            Start(() => Assert.Throws<ChannelClosedException>(() => channel.Send(3, new CancellationTokenSource().Token))),
            Start(() => Assert.False(channel.TrySend(4, Timeout.InfiniteTimeSpan))),
        ];
        WaitUntil(() => channel.WaiterCount == senders.Length);
        channel.Complete();
        Join(senders);
        Assert.Equal(1, channel.Receive());
        Assert.Throws<ChannelClosedException>(() => channel.Receive());
    });

    [Fact]
    public void The_error_of_the_completion_is_inside() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Unbounded<int>();
        channel.Send(1);
        var error = new FormatException("why");
        channel.Complete(error);
        Assert.Same(error, Assert.Throws<ChannelClosedException>(() => channel.Send(2)).InnerException);
        Assert.Equal(1, channel.Receive());
        Assert.Same(error, Assert.Throws<ChannelClosedException>(() => channel.Receive()).InnerException);
    });

    [Fact]
    public void Foreach_ends_at_the_completion_and_throws_its_error() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Task sender = Start(() =>
        {
            for (int i = 0; i < 10; i++)
                channel.Send(i);
            channel.Complete();
        });
        int expected = 0;
        foreach (int item in channel)
            Assert.Equal(expected++, item);
        Assert.Equal(10, expected);
        foreach (int _ in channel)
            Assert.Fail("the end stays the end");
        Join(sender);

        GreenChannel<int> failing = GreenChannel.Unbounded<int>();
        failing.Send(1);
        var error = new FormatException("why");
        failing.Complete(error);
        int sum = 0;
        Assert.Same(error, Assert.Throws<FormatException>(() =>
        {
            foreach (int item in failing)
                sum += item;
        }));
        Assert.Equal(1, sum);
    });

    [Fact]
    public void The_completion_task_ends_when_all_was_received() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Unbounded<int>();
        Task completion = channel.Completion;
        channel.Send(1);
        channel.Send(2);
        channel.Complete();
        Assert.Equal(1, channel.Receive());
        Assert.False(completion.IsCompleted);
        Assert.Equal(2, channel.Receive());
        Assert.True(completion.IsCompletedSuccessfully);
        Assert.Same(completion, channel.Completion);

        GreenChannel<int> failing = GreenChannel.Rendezvous<int>();
        completion = failing.Completion;
        failing.Complete(new FormatException());
        Assert.IsType<FormatException>(completion.Exception!.InnerException);

        GreenChannel<int> canceled = GreenChannel.Rendezvous<int>();
        canceled.Complete(new OperationCanceledException());
        Assert.True(canceled.Completion.IsCanceled);
    });

    [Fact]
    public void A_channel_says_what_it_is() => Run(() =>
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenChannel<int>(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenChannel.Bounded<int>(-1));
        Assert.Equal(0, new GreenChannel<int>().Capacity);
        Assert.Equal(0, GreenChannel.Rendezvous<int>().Capacity);
        Assert.Equal(7, GreenChannel.Bounded<int>(7).Capacity);
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Assert.Equal($"GreenChannel<Int32> #{channel.Number}", channel.ToString());
        channel.Name = "orders";
        Assert.Equal("GreenChannel<Int32> \"orders\"", channel.ToString());
    });

    [Fact]
    public void Tools_see_who_waits() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Waiter? receiver = null;
        Task task = Start(() =>
        {
            receiver = Waiter.Current;
            channel.Receive();
        });
        WaitUntil(() => channel.WaiterCount == 1);
        var waiters = new List<WaitNode>();
        channel.CopyWaitersTo(waiters);
        Assert.Same(receiver, Assert.Single(waiters));
        WaitUntil(() => receiver!.WaitsFor is not null);
        Assert.Same(channel, receiver!.WaitsFor);
        Assert.True(receiver.WaitsForNothingElse);
        channel.Send(1);
        Join(task);
        Assert.Null(receiver.WaitsFor);
    });
}

public sealed class GreenThreadChannelTests : ChannelContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_green_thread_leaves_the_channel_with_nothing_taken() => Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        GreenThread receiver = GreenThread.Spawn(() => channel.Receive());
        WaitUntil(() => channel.WaiterCount == 1);
        receiver.Cancel();
        Assert.Throws<GreenThreadCanceledException>(receiver.Join);
        GreenThread sender = GreenThread.Spawn(() => channel.Send(1));
        WaitUntil(() => channel.WaiterCount == 1);
        sender.Cancel();
        Assert.Throws<GreenThreadCanceledException>(sender.Join);
        Assert.Equal(0, channel.WaiterCount);
        Assert.False(channel.TryReceive(out _));
    });

    [Fact]
    public void Who_only_sends_and_receives_without_waiting_ends_when_cancelled() => Run(() =>
    {
        GreenThread thread = GreenThread.Spawn(() =>
        {
            GreenChannel<int> channel = GreenChannel.Unbounded<int>();
            while (true)
            {
                channel.Send(1);
                channel.Receive();
            }
        });
        WaitUntil(() => thread.State != GreenThreadState.Created);
        thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(thread.Join);
    });

    [SwitchedFact]
    public void Operations_that_never_wait_let_others_run() => Green.RunAlone(
        () =>
        {
            bool stop = false;
            GreenThread hog = GreenThread.Spawn(() =>
            {
                GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
                while (!stop)
                {
                    channel.TrySend(1);
                    channel.TryReceive(out _);
                }
            });
            for (int i = 0; i < 100; i++)
                GreenThread.Yield();
            stop = true;
            hog.Join();
        },
        new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });

    [SwitchedFact]
    public void Nothing_is_allocated_in_steady_state() => Green.RunAlone(ExchangeWithoutAllocating, new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });

    // Counted per OS thread: there must be one only.
    private static void ExchangeWithoutAllocating()
    {
        const int Rounds = 5000;
        GreenChannel<int> there = GreenChannel.Rendezvous<int>();
        GreenChannel<string> back = GreenChannel.Rendezvous<string>();
        GreenThread partner = GreenThread.Spawn(() =>
        {
            foreach (int _ in there)
                back.Send("item");
        });
        GreenChannel<object> buffered = GreenChannel.Bounded<object>(3);
        Exchange();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        there.Complete();
        partner.Join();
        // The runtime may allocate something on its own; a byte a round would be ours.
        Assert.InRange(allocated, 0, Rounds / 2);

        void Exchange()
        {
            for (int i = 0; i < Rounds; i++)
            {
                there.Send(i);
                buffered.Send(back);
                buffered.Receive();
                back.Receive();
            }
        }
    }
}

public sealed class OsThreadChannelTests : ChannelContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();

    [Fact]
    public void An_interrupted_wait_leaves_the_channel_and_the_next_wait_ends()
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        using var interrupted = new ManualResetEventSlim();
        int received = 0;
        var receiver = new Thread(() =>
        {
            Assert.Throws<ThreadInterruptedException>(() => channel.Receive());
            interrupted.Set();
            received = channel.Receive();
        });
        receiver.Start();
        receiver.Interrupt(); // at once, or as soon as it blocks
        Assert.True(interrupted.Wait(TimeLimit.Generous));
        Assert.True(channel.TrySend(5, TimeLimit.Generous));
        Assert.True(receiver.Join(TimeLimit.Generous), "the receiver hangs");
        Assert.Equal(5, received);
    }
}
