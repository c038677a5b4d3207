namespace GreenThreads.Tests;

/// <summary>Selects with cases that are used again allocate nothing, whether they wait or not. Counted per OS thread.</summary>
public sealed class SelectAllocationTests
{
    private const int Rounds = 2000;

    [Fact]
    public void A_select_that_does_not_wait_allocates_nothing() => OnOneThread(() =>
    {
        GreenChannel<string> one = GreenChannel.Bounded<string>(1), other = GreenChannel.Bounded<string>(3);
        var semaphore = new GreenSemaphore(1);
        using var cancellation = new CancellationTokenSource();
        SelectCase[] channels = [Select.Receive(one), Select.Send(one, "item"), Select.Receive(other), Select.Send(other, "item")];
        SelectCase acquire = Select.Acquire(semaphore);
        SelectCase canceled = Select.Canceled(cancellation.Token), late = Select.After(TimeLimit.Generous), completed = Select.Completed(Task.CompletedTask);
        SelectCase pending = Select.Completed(new TaskCompletionSource().Task);
        AssertFree(() =>
        {
            Select.Wait(channels);
            Select.Wait(channels[0], channels[1], null, late, canceled, pending);
            Select.Try(channels[2], null, channels[3]);
            Select.Wait(pending, completed);
            if (Select.Wait(acquire, canceled) == 0)
                semaphore.Release();
        });
    });

    [Fact]
    public void A_select_that_waits_for_green_threads_allocates_nothing() => OnOneThread(() =>
    {
        GreenChannel<string> there = GreenChannel.Rendezvous<string>(), back = GreenChannel.Rendezvous<string>();
        GreenChannel<int> never = GreenChannel.Rendezvous<int>();
        var semaphore = new GreenSemaphore(0);
        var park = new GreenSemaphore(0);
        using var cancellation = new CancellationTokenSource();
        GreenThread ends = GreenThread.Spawn(park.Wait);
        GreenThread echo = GreenThread.Spawn(() =>
        {
            ReceiveCase<string> next = Select.Receive(there);
            SendCase<string> answer = Select.Send(back, "");
            SelectCase noPermit = Select.Acquire(semaphore), noItem = Select.Receive(never);
            while (Select.Wait(noItem, next, noPermit) == 1 && next.HasValue)
            {
                answer.Value = next.Value;
                Select.Wait(noPermit, answer, noItem);
            }
        });
        SendCase<string> send = Select.Send(there, "item");
        ReceiveCase<string> receive = Select.Receive(back);
        SelectCase[] others = [Select.Acquire(semaphore), Select.Canceled(cancellation.Token), Select.Ended(ends), Select.After(TimeLimit.Generous)];
        AssertFree(() =>
        {
            Select.Wait(send, others[0], others[1], others[2], others[3]);
            Select.Wait(others[0], others[1], receive, others[2], others[3]);
        });
        there.Complete();
        echo.Join();
        park.Release();
        ends.Join();
    });

    [Fact]
    public void A_select_that_waits_for_a_time_with_all_others_as_losers_allocates_nothing() => OnOneThread(() =>
    {
        using var pair = new SocketPair();
        using var cancellation = new CancellationTokenSource();
        var task = new TaskCompletionSource();
        SelectCase[] cases =
        [
            Select.Receive(GreenChannel.Rendezvous<int>()), Select.Acquire(new GreenSemaphore(0)), Select.Completed(task.Task), Select.Canceled(cancellation.Token),
            Select.Readable(pair.One), Select.Readable((int)pair.One.DangerousGetHandle()), Select.After(TimeSpan.FromMicroseconds(1)),
        ];
        AssertFree(() => Select.Wait(cases));
        GC.KeepAlive(task);
    });

    // The runtime allocates once or twice on its own, for a lock that was contended; a byte a round would be ours.
    private static void AssertFree(Action round)
    {
        for (int i = 0; i < 200; i++)
            round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            round();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rounds / 2);
    }

    // What a green thread allocates is counted for its OS thread.
    private static void OnOneThread(Action body) => Green.RunAlone(body, new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });
}
