namespace GreenThreads.Tests;

/// <summary>Spawning, ending and joining, seen from a kind of thread.</summary>
public abstract class JoinContract : ThreadContract
{
    [Fact]
    public void A_result_is_handed_to_everybody_who_asks() => Run(() =>
    {
        GreenThread<int> thread = GreenThread.Spawn(() => 42);
        Assert.Equal(42, thread.Result);
        Assert.Equal(42, thread.Result);
        thread.Join();
        Assert.True(thread.Join(TimeSpan.Zero));
        Assert.Equal(GreenThreadState.Ended, thread.State);
    });

    [Fact]
    public void Join_rethrows_what_the_body_threw_with_its_original_stack() => Run(() =>
    {
        GreenThread thread = GreenThread.Spawn(ThrowFromHere);
        for (int i = 0; i < 2; i++)
        {
            InvalidOperationException failure = Assert.Throws<InvalidOperationException>(thread.Join);
            Assert.Contains(nameof(ThrowFromHere), failure.StackTrace, StringComparison.Ordinal);
        }
        GreenThread<int> withResult = GreenThread.Spawn<int>(() => throw new FormatException("no result"));
        Assert.Equal("no result", Assert.Throws<FormatException>(() => withResult.Result).Message);
    });

    [Fact]
    public void Join_waits_for_a_thread_that_parks() => Run(() =>
    {
        bool ended = false;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            GreenThread.Park();
            Volatile.Write(ref ended, true);
        });
        Assert.False(thread.Join(TimeSpan.FromMilliseconds(5)));
        Assert.False(thread.Join(TimeSpan.Zero));
        thread.Unpark();
        thread.Join();
        Assert.True(Volatile.Read(ref ended));
    });

    [Fact]
    public void A_cancelled_join_leaves_the_thread_running() => Run(() =>
    {
        GreenThread thread = GreenThread.Spawn(() => GreenThread.Park());
        using var cancellation = new CancellationTokenSource();
        Task canceller = Start(cancellation.Cancel);
        Assert.Throws<OperationCanceledException>(() => thread.Join(cancellation.Token));
        Assert.Throws<OperationCanceledException>(() => thread.Join(cancellation.Token));
        Assert.NotEqual(GreenThreadState.Ended, thread.State);
        thread.Unpark();
        thread.Join(CancellationToken.None);
        Join(canceller);
    });

    [Fact]
    public void Many_join_one() => Run(() =>
    {
        GreenThread<string> thread = GreenThread.Spawn(() =>
        {
            GreenThread.Park();
            return "end";
        });
        Task[] joiners = [.. Enumerable.Range(0, 20).Select(_ => Start(() => Assert.Equal("end", thread.Result)))];
        thread.Unpark();
        Join(joiners);
    });

    [Fact]
    public void Joins_that_time_out_while_the_thread_ends_leave_nothing_behind() => Run(() =>
    {
        for (int i = 0; i < 300; i++)
        {
            int microseconds = i;
            GreenThread thread = GreenThread.Spawn(() => GreenThread.Sleep(TimeSpan.FromMicroseconds(microseconds)));
            Task[] joiners = [.. Enumerable.Range(0, 4).Select(_ => Start(() =>
            {
                while (!thread.Join(TimeSpan.FromMicroseconds(microseconds)))
                    Yield();
            }))];
            Join(joiners);
        }
    });

    [Fact]
    public void Completion_ends_with_the_result_or_the_exception() => Run(() =>
    {
        GreenThread<int> result = GreenThread.Spawn(() => 7);
        WaitUntil(() => result.Completion.IsCompleted);
        Assert.Equal(7, result.Completion.GetAwaiter().GetResult());

        GreenThread failed = GreenThread.Spawn(ThrowFromHere);
        WaitUntil(() => failed.Completion.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => failed.Completion.GetAwaiter().GetResult());
        Assert.Same(failed.Completion, failed.Completion);
    });

    [Fact]
    public void Spawn_without_a_body_is_refused() => Run(() =>
    {
        Assert.Throws<ArgumentNullException>(() => GreenThread.Spawn(null!));
        Assert.Throws<ArgumentNullException>(() => GreenThread.Spawn<int>(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenThread.Spawn(() => { }).Join(TimeSpan.FromSeconds(-2)));
    });

    [Fact]
    public void Names_and_ids_tell_threads_apart() => Run(() =>
    {
        GreenThread one = GreenThread.Spawn(() => { }, "one");
        GreenThread other = GreenThread.Spawn(() => { });
        Assert.Equal("one", one.Name);
        Assert.Null(other.Name);
        Assert.True(other.Id > one.Id);
        one.Join();
        Assert.Contains("one", one.ToString(), StringComparison.Ordinal);
        other.Join();
    });

    private static void ThrowFromHere() => throw new InvalidOperationException("thrown");
}

public sealed class GreenThreadJoinTests : JoinContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_green_thread_cannot_join_itself() => Run(() => Assert.Throws<InvalidOperationException>(() => GreenThread.Current!.Join()));

    [Fact]
    public async Task Async_code_awaits_green_threads()
    {
        Assert.Equal(5, await GreenThread.Spawn(() => 5));
        await GreenThread.Spawn(() => GreenThread.Sleep(TimeSpan.FromMilliseconds(1)));
        await Assert.ThrowsAsync<TimeoutException>(async () => await GreenThread.Spawn(() => throw new TimeoutException()));
    }
}

public sealed class OsThreadJoinTests : JoinContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();

    [Fact]
    public void An_interrupted_join_leaves_the_list_and_the_next_join_ends()
    {
        GreenThread first = GreenThread.Spawn(() => GreenThread.Park());
        GreenThread second = GreenThread.Spawn(() => GreenThread.Park());
        using var interrupted = new ManualResetEventSlim();
        var joiner = new Thread(() =>
        {
            Assert.Throws<ThreadInterruptedException>(first.Join);
            interrupted.Set();
            second.Join();
        });
        joiner.Start();
        joiner.Interrupt(); // at once, or as soon as it blocks
        Assert.True(interrupted.Wait(TimeLimit.Generous));
        first.Unpark();
        first.Join();
        second.Unpark();
        second.Join();
        Assert.True(joiner.Join(TimeLimit.Generous), "the joiner hangs");
    }
}
