using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Mailboxes, seen from a kind of thread.</summary>
public abstract class MailboxContract : ThreadContract
{
    [Fact]
    public void Messages_are_received_in_their_order() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        Task sender = Start(() =>
        {
            for (int i = 0; i < 1000; i++)
                mailbox.Send(i);
        });
        for (int i = 0; i < 1000; i++)
            Assert.Equal(i, mailbox.Receive());
        Assert.False(mailbox.TryReceive(out _));
        Join(sender);
    });

    [Fact]
    public void A_condition_takes_what_satisfies_it_and_leaves_the_others_in_their_order() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        for (int i = 0; i < 10; i++)
            mailbox.Send(i);
        Assert.Equal(7, mailbox.Receive(i => i == 7));
        Assert.Equal(1, mailbox.Receive(i => i % 2 == 1));
        Assert.False(mailbox.TryReceive(i => i == 7, out _));
        Assert.False(mailbox.TryReceive(i => i == 7, out _, TimeSpan.FromMilliseconds(1)));
        Assert.True(mailbox.TryReceive(i => i == 9, out int last));
        Assert.Equal(9, last);
        foreach (int expected in new[] { 0, 2, 3, 4, 5, 6, 8 })
            Assert.Equal(expected, mailbox.Receive());
        Assert.Equal(0, mailbox.Count);
    });

    [Fact]
    public void A_condition_waits_for_its_message_and_asks_once_for_each() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        mailbox.Send(1);
        var asked = new List<int>();
        Task sender = Start(() =>
        {
            foreach (int message in new[] { 2, 3, 4, 5 })
            {
                WaitUntil(() => mailbox.WaiterCount == 1);
                mailbox.Send(message);
            }
        });
        Assert.Equal(5, mailbox.Receive(message =>
        {
            asked.Add(message);
            return message == 5;
        }));
        Join(sender);
        Assert.Equal([1, 2, 3, 4, 5], asked);
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, 4).Select(_ => mailbox.Receive()));
    });

    [Fact]
    public void What_a_condition_throws_leaves_the_message_there() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        mailbox.Send(1);
        Assert.Throws<FormatException>(() => mailbox.Receive(_ => throw new FormatException()));
        Assert.Throws<ArgumentNullException>(() => mailbox.Receive(condition: null!));
        Assert.Equal(1, mailbox.Receive());
    });

    [Fact]
    public void A_full_one_makes_senders_wait() => Run(() =>
    {
        var mailbox = new Mailbox<int>(capacity: 2);
        Assert.Equal(2, mailbox.Capacity);
        mailbox.Send(1);
        Assert.True(mailbox.TrySend(2));
        Assert.False(mailbox.TrySend(3));
        Assert.False(mailbox.TrySend(3, TimeSpan.FromMilliseconds(1)));
        Task sender = Start(() => mailbox.Send(3));
        WaitUntil(() => mailbox.WaiterCount == 1);
        Assert.Equal(2, mailbox.Receive(message => message == 2));
        Join(sender);
        Assert.Equal(1, mailbox.Receive());
        Assert.Equal(3, mailbox.Receive());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mailbox<int>(0));
    });

    [Fact]
    public void A_closed_one_gives_what_it_has_and_then_says_so() => Run(() =>
    {
        var mailbox = new Mailbox<string>();
        mailbox.Send("one");
        mailbox.Send("two");
        Assert.True(mailbox.Close());
        Assert.False(mailbox.Close());
        Assert.True(mailbox.IsClosed);
        Assert.ThrowsAny<ChannelClosedException>(() => mailbox.Send("three"));
        Assert.False(mailbox.TrySend("three"));
        Assert.ThrowsAny<ChannelClosedException>(() => mailbox.Receive(message => message == "three"));
        Assert.Equal("one", mailbox.Receive());
        Assert.True(mailbox.TryReceive(out string? second, TimeLimit.Generous));
        Assert.Equal("two", second);
        Assert.False(mailbox.TryReceive(out _, Timeout.InfiniteTimeSpan));
        Assert.ThrowsAny<ChannelClosedException>(() => mailbox.Receive());
    });

    [Fact]
    public void Closing_wakes_everybody() => Run(() =>
    {
        var empty = new Mailbox<int>();
        var full = new Mailbox<int>(1);
        full.Send(1);
        Task[] waiting =
        [
            Start(() => Assert.ThrowsAny<ChannelClosedException>(() => empty.Receive())),
            Start(() => Assert.ThrowsAny<ChannelClosedException>(() => empty.Receive(_ => true))),
            Start(() => Assert.ThrowsAny<ChannelClosedException>(() => full.Send(2))),
        ];
        WaitUntil(() => empty.WaiterCount == 2 && full.WaiterCount == 1);
        empty.Close();
        full.Close();
        Join(waiting);
    });

    [Fact]
    public void A_loop_ends_when_it_is_closed_and_empty() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        Task sender = Start(() =>
        {
            for (int i = 1; i <= 100; i++)
                mailbox.Send(i);
            mailbox.Close();
        });
        int sum = 0;
        foreach (int message in mailbox)
            sum += message;
        Assert.Equal(5050, sum);
        Join(sender);
    });

    [Fact]
    public void Tokens_and_times_end_waits_and_take_nothing() => Run(() =>
    {
        var mailbox = new Mailbox<int>(capacity: 1);
        using var cancellation = new CancellationTokenSource();
        Task receiver = Start(() => Assert.Throws<OperationCanceledException>(() => mailbox.Receive(cancellation.Token)));
        Task chooser = Start(() => Assert.Throws<OperationCanceledException>(() => mailbox.Receive(_ => true, cancellation.Token)));
        WaitUntil(() => mailbox.WaiterCount == 2);
        cancellation.Cancel();
        Join(receiver, chooser);
        Assert.Throws<OperationCanceledException>(() => mailbox.Receive(cancellation.Token));
        Assert.Throws<OperationCanceledException>(() => mailbox.Send(1, cancellation.Token));
        Assert.False(mailbox.TryReceive(out _, TimeSpan.FromMilliseconds(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => mailbox.TryReceive(out _, TimeSpan.FromSeconds(-2)));
        Assert.Equal(0, mailbox.WaiterCount);
        Assert.Equal(0, mailbox.Count);
    });

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(3)]
    public void Many_senders_and_receivers_lose_and_double_nothing(int capacity) => Run(() =>
    {
        const int Senders = 4, Messages = 500;
        var mailbox = new Mailbox<int>(capacity);
        int[] seen = new int[Senders * Messages];
        Task[] receivers =
        [
            Start(() => Receive(TryPlain)),
            Start(() => Receive(TryPlain)),
            Start(() => Receive(TryBriefly)),
            Start(() => Receive(TryEven)),
        ];
        Task[] senders = [.. Enumerable.Range(0, Senders).Select(sender => Start(() =>
        {
            for (int i = 0; i < Messages; i++)
                mailbox.Send(sender * Messages + i);
        }))];
        Join(senders);
        mailbox.Close();
        Join(receivers);
        Assert.All(seen, count => Assert.Equal(1, count));
        Assert.Equal(0, mailbox.Count);

        bool TryPlain(out int message) => mailbox.TryReceive(out message, Timeout.InfiniteTimeSpan);

        bool TryEven(out int message) => mailbox.TryReceive(i => i % 2 == 0, out message, Timeout.InfiniteTimeSpan);

        // Gives up and comes back: a message that it was woken for must not wait for it.
        bool TryBriefly(out int message)
        {
            while (!mailbox.TryReceive(out message, TimeSpan.FromMicroseconds(20)))
            {
                if (mailbox.IsClosed && mailbox.Count == 0)
                    return false;
            }
            return true;
        }

        void Receive(TryReceive receive)
        {
            while (receive(out int message))
                Interlocked.Increment(ref seen[message]);
        }
    });

    private delegate bool TryReceive(out int message);
}

public sealed class GreenThreadMailboxTests : MailboxContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_receiver_leaves_the_message_to_another() => Run(() =>
    {
        for (int round = 0; round < Rounds.Of(100); round++)
        {
            var mailbox = new Mailbox<int>();
            int received = 0;
            GreenThread[] receivers = [.. Enumerable.Range(0, 2).Select(_ => GreenThread.Spawn(() => Interlocked.Add(ref received, mailbox.Receive())))];
            WaitUntil(() => mailbox.WaiterCount == 2);
            GreenThread canceller = GreenThread.Spawn(receivers[round % 2].Cancel);
            mailbox.Send(1);
            canceller.Join();
            mailbox.Send(2);
            foreach (GreenThread receiver in receivers)
            {
                using GreenThreadMonitor monitor = GreenThread.Monitor(receiver);
                Assert.True(monitor.TryWait(TimeLimit.Generous, out _), "a receiver hangs beside a message");
            }
            while (mailbox.TryReceive(out int left))
                received += left;
            Assert.Equal(3, received);
        }
    });

    [Fact]
    public void Last_words_of_a_cancelled_one_arrive() => Run(() =>
    {
        var mailbox = new Mailbox<int>();
        GreenThread thread = GreenThread.Spawn(() =>
        {
            try
            {
                GreenThread.Park();
            }
            finally
            {
                for (int i = 0; i < 1000; i++)
                    mailbox.Send(i);
            }
        });
        WaitUntil(() => thread.State == GreenThreadState.Parked);
        thread.Cancel();
        for (int i = 0; i < 1000; i++)
            Assert.Equal(i, mailbox.Receive());
        Assert.Throws<GreenThreadCanceledException>(thread.Join);
    });
}

public sealed class OsThreadMailboxTests : MailboxContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();

    [Fact]
    public void Sending_and_receiving_allocates_nothing_in_the_long_run()
    {
        var mailbox = new Mailbox<int>();
        Exchange(mailbox, 100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(mailbox, 1000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Exchange(Mailbox<int> mailbox, int count)
    {
        for (int i = 0; i < count; i++)
        {
            mailbox.Send(i);
            mailbox.Send(i);
            mailbox.Receive();
            mailbox.Receive();
        }
    }
}
