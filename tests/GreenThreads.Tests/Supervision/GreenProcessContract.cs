namespace GreenThreads.Tests;

/// <summary>Processes, seen from a kind of thread that talks to them.</summary>
public abstract class GreenProcessContract : ThreadContract
{
    private sealed record Question(int Number, ReplyTo<int>? Reply);

    [Fact]
    public void It_answers_requests() => Run(() =>
    {
        GreenProcess<Question> doubling = GreenProcess.Spawn<Question>(static mailbox =>
        {
            foreach (Question question in mailbox)
                question.Reply!.Send(question.Number * 2);
        }, "doubling");
        for (int i = 0; i < 100; i++)
        {
            int number = i;
            Assert.Equal(2 * i, doubling.Request<int>(reply => new Question(number, reply), TimeLimit.Generous));
        }
        Assert.Equal("doubling", doubling.Name);
        Assert.Contains("doubling", doubling.ToString(), StringComparison.Ordinal);
        Assert.True(doubling.Stop(TimeLimit.Generous));
        Assert.Equal(0, doubling.Thread.JoinerCount);
    });

    [Fact]
    public void An_answer_that_comes_too_late_is_dropped() => Run(() =>
    {
        var results = new Mailbox<bool>();
        GreenProcess<Question> slow = GreenProcess.Spawn<Question>(mailbox =>
        {
            Question question = mailbox.Receive();
            GreenThread.Park(); // Until the other has given up.
            results.Send(question.Reply!.IsWanted);
            results.Send(question.Reply.Send(1));
            question = mailbox.Receive();
            results.Send(question.Reply!.Send(2));
            results.Send(question.Reply.Send(3));
        });
        Assert.Throws<TimeoutException>(() => slow.Request<int>(reply => new Question(0, reply), TimeSpan.FromMilliseconds(5)));
        slow.Thread.Unpark();
        Assert.Equal(2, slow.Request<int>(reply => new Question(0, reply), TimeLimit.Generous));
        Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(_ => results.Receive()));
        slow.Join();
    });

    [Fact]
    public void When_it_dies_the_request_says_so_at_once_with_the_cause() => Run(() =>
    {
        GreenProcess<Question> failing = GreenProcess.Spawn<Question>(mailbox =>
        {
            mailbox.Receive();
            throw new FormatException("broken");
        });
        for (int i = 0; i < 2; i++) // The second finds it ended.
        {
            var exception = Assert.Throws<GreenProcessEndedException>(() => failing.Request<int>(reply => new Question(0, reply), Timeout.InfiniteTimeSpan));
            Assert.Equal("broken", exception.InnerException!.Message);
        }
        failing.Send(new Question(0, null)); // Dropped.
        Assert.False(failing.TrySend(new Question(0, null)));

        GreenProcess<Question> returning = GreenProcess.Spawn<Question>(mailbox => mailbox.Receive());
        Assert.Null(Assert.Throws<GreenProcessEndedException>(() => returning.Request<int>(reply => new Question(0, reply), Timeout.InfiniteTimeSpan)).InnerException);
        returning.Join();
    });

    [Fact]
    public void Another_may_answer_for_it_and_with_an_exception_too() => Run(() =>
    {
        GreenProcess<Question> answering = GreenProcess.Spawn<Question>(static mailbox => mailbox.Receive().Reply!.Fail(new FormatException("no answer")));
        GreenProcess<Question> forwarding = GreenProcess.Spawn<Question>(mailbox =>
        {
            foreach (Question question in mailbox)
                answering.Send(question);
        });
        Assert.Equal("no answer", Assert.Throws<FormatException>(() => forwarding.Request<int>(reply => new Question(0, reply), TimeLimit.Generous)).Message);
        answering.Join();
        forwarding.Stop();
        forwarding.Join();
    });

    [Fact]
    public void A_token_ends_a_request() => Run(() =>
    {
        GreenProcess<Question> silent = GreenProcess.Spawn<Question>(static mailbox => mailbox.Receive(question => question.Number == 1));
        using var cancellation = new CancellationTokenSource();
        Task canceller = Start(cancellation.Cancel);
        Assert.Throws<OperationCanceledException>(() => silent.Request<int>(reply => new Question(0, reply), Timeout.InfiniteTimeSpan, cancellation.Token));
        Join(canceller);
        silent.Send(new Question(1, null));
        silent.Join();
        Assert.Equal(0, silent.Thread.JoinerCount);
    });

    [Fact]
    public void Stopped_it_receives_what_was_sent_and_returns() => Run(() =>
    {
        int sum = 0;
        GreenProcess<int> process = GreenProcess.Spawn<int>(mailbox =>
        {
            GreenThread.Park();
            while (true)
                sum += mailbox.Receive();
        });
        for (int i = 1; i <= 10; i++)
            process.Send(i);
        process.Stop();
        Assert.False(process.TrySend(1000));
        process.Thread.Unpark();
        process.Join();
        Assert.Equal(55, sum);
    });

    [Fact]
    public void One_that_does_not_stop_in_time_is_cancelled() => Run(() =>
    {
        GreenProcess<int> process = GreenProcess.Spawn<int>(_ => GreenThread.Park());
        Assert.False(process.Stop(TimeSpan.FromMilliseconds(1)));
        Assert.Throws<GreenThreadCanceledException>(process.Join);
        Assert.True(process.Stop(TimeSpan.Zero));
    });

    [Fact]
    public void The_closed_mailbox_of_another_is_a_failure() => Run(() =>
    {
        var other = new Mailbox<int>();
        other.Close();
        GreenProcess<int> process = GreenProcess.Spawn<int>(_ => other.Receive());
        Assert.ThrowsAny<System.Threading.Channels.ChannelClosedException>(process.Join);
    });

    [Fact]
    public void A_full_one_keeps_requests_within_their_time() => Run(() =>
    {
        GreenProcess<Question> process = GreenProcess.Spawn<Question>(static _ => GreenThread.Park(), capacity: 1);
        process.Send(new Question(0, null));
        Assert.False(process.TrySend(new Question(0, null)));
        Assert.Throws<TimeoutException>(() => process.Request<int>(reply => new Question(0, reply), TimeSpan.FromMilliseconds(2)));
        Task sender = Start(() => process.Send(new Question(0, null)));
        WaitUntil(() => process.Mailbox.WaiterCount == 1);
        process.Thread.Unpark();
        process.Join();
        Join(sender); // Its end closes the mailbox.
    });

    [Fact]
    public void Requests_and_ends_meet_in_any_order_and_nobody_hangs() => Run(() =>
    {
        for (int round = 0; round < Rounds.Of(100); round++)
        {
            GreenProcess<Question> process = GreenProcess.Spawn<Question>(mailbox =>
            {
                for (int i = 0; i < 2; i++)
                    mailbox.Receive().Reply!.Send(i);
                throw new FormatException();
            });
            int answers = 0;
            Task[] askers = [.. Enumerable.Range(0, 4).Select(_ => Start(() =>
            {
                try
                {
                    process.Request<int>(reply => new Question(0, reply), Timeout.InfiniteTimeSpan);
                    Interlocked.Increment(ref answers);
                }
                catch (GreenProcessEndedException exception)
                {
                    Assert.IsType<FormatException>(exception.InnerException);
                }
            }))];
            Join(askers);
            Assert.Equal(2, answers);
        }
    });
}

public sealed class GreenThreadProcessTests : GreenProcessContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_process_cannot_ask_itself() => Run(() =>
    {
        GreenProcess<ReplyTo<int>>? process = null;
        process = GreenProcess.Spawn<ReplyTo<int>>(_ =>
        {
            GreenThread.Park();
            process!.Request<int>(reply => reply, Timeout.InfiniteTimeSpan);
        });
        process.Thread.Unpark();
        Assert.Throws<InvalidOperationException>(process.Join);
    });

    [Fact]
    public void A_cancelled_asker_leaves_nothing_behind() => Run(() =>
    {
        GreenProcess<ReplyTo<int>> silent = GreenProcess.Spawn<ReplyTo<int>>(_ => GreenThread.Park());
        GreenThread asker = GreenThread.Spawn(() => silent.Request<int>(reply => reply, Timeout.InfiniteTimeSpan));
        WaitUntil(() => asker.State == GreenThreadState.Parked);
        asker.Cancel();
        Assert.Throws<GreenThreadCanceledException>(asker.Join);
        Assert.Equal(1, silent.Thread.JoinerCount); // Its own mailbox's.
        silent.Thread.Unpark();
        silent.Join();
    });

    [Fact]
    public void One_that_is_cancelled_before_it_begins_closes_its_mailbox() => Green.RunAlone(() =>
    {
        GreenProcess<int> process = GreenProcess.Spawn<int>(_ => GreenThread.Park());
        process.Thread.Cancel();
        Assert.Throws<GreenThreadCanceledException>(process.Join);
        process.Thread.WaitUntilEndIsTold();
        Assert.True(process.Mailbox.IsClosed);
    });
}

public sealed class OsThreadProcessTests : GreenProcessContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
