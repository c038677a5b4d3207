using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Selects of many green threads and OS threads on the same channels. A lost wake-up is a hang, a lost item a wrong count.</summary>
public sealed class SelectStressTests
{
    private static bool IsSwitched => GreenRuntime.Mode == GreenRuntimeMode.Switched;

    // SelectStress of Go's runtime: on each of four channels one that only sends, one that only receives, and over all of them selects that do as much.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Selects_and_plain_operations_meet_each_other_completely(bool onOsThreadsToo)
    {
        int each = IsSwitched && !onOsThreadsToo ? 10_000 : 500;
        GreenChannel<int>[] channels = [new(), new(), new(2), new(3)];
        var tasks = new List<Task>();
        foreach (GreenChannel<int> channel in channels)
        {
            tasks.Add(Start(() =>
            {
                for (int i = 0; i < each; i++)
                    channel.Send(i);
            }, onOsThread: false));
            tasks.Add(Start(() =>
            {
                for (int i = 0; i < each; i++)
                    channel.Receive();
            }, onOsThread: false));
        }
        tasks.Add(Start(() => SelectEach(channels, channel => Select.Send(channel, 1), each), onOsThreadsToo));
        tasks.Add(Start(() => SelectEach(channels, Select.Receive, each), onOsThreadsToo));
        AssertAllEnd(tasks);
        Assert.All(channels, channel => Assert.Equal((0, 0), (channel.Count, channel.WaiterCount)));
    }

    // Everybody selects over both ends of all channels, so any two can meet, until only one is left.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Selects_meet_selects_from_both_sides(int seed)
    {
        int rounds = IsSwitched ? 5000 : 200;
        GreenChannel<int>[] channels = [new(), new(), new()];
        long sent = 0, received = 0;
        int left = 8;
        Task[] tasks = [.. Enumerable.Range(0, left).Select(i => Start(() =>
        {
            SelectCase[] cases = [.. channels.Select(Select.Receive), .. channels.Select(channel => Select.Send(channel, i))];
            new Random(seed + i).Shuffle(cases);
            try
            {
                for (int n = 0; n < rounds; n++)
                {
                    if (cases[Select.Wait(cases)] is not ReceiveCase<int> receive)
                        Interlocked.Increment(ref sent);
                    else if (receive.HasValue)
                        Interlocked.Increment(ref received);
                    else
                        return;
                    Assert.False(cases.OfType<ReceiveCase<int>>().Any(one => one.HasValue && one.Value == i), "met itself");
                }
            }
            catch (ChannelClosedException)
            {
                // The last one.
            }
            if (Interlocked.Decrement(ref left) == 1)
                Array.ForEach(channels, channel => channel.Complete());
        }, onOsThread: i == 7))];
        AssertAllEnd(tasks, $"seed {seed}");
        Assert.Equal(sent, received);
        Assert.All(channels, channel => Assert.Equal(0, channel.WaiterCount));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void A_crowd_with_cancellations_loses_nothing(int seed)
    {
        GreenChannel<int>[] channels = [new(), new(1), new(4)];
        var semaphore = new GreenSemaphore(3);
        using var pair = new SocketPair();
        using var never = new CancellationTokenSource();
        var task = new TaskCompletionSource();
        long sent = 0, received = 0, taken = 0;
        new SyncCrowd(seed).Run(random =>
        {
            GreenChannel<int> one = channels[random.Next(3)], other = channels[random.Next(3)];
            SelectCase acquire = Select.Acquire(semaphore);
            SelectCase?[] cases =
            [
                Select.Receive(one), Select.Send(other, 1), random.Next(2) == 0 ? acquire : null, Select.After(SyncCrowd.Timeout(random)),
                random.Next(4) == 0 ? Select.Canceled(never.Token) : null, random.Next(8) == 0 ? Select.Completed(task.Task) : null,
                random.Next(8) == 0 ? Select.Readable(pair.One) : null,
            ];
            random.Shuffle(cases);
            int index = random.Next(8) == 0 ? Select.Try(cases) : Select.Wait(cases);
            switch (index < 0 ? null : cases[index])
            {
                case ReceiveCase<int>:
                    Interlocked.Increment(ref received);
                    break;
                case SendCase<int>:
                    Interlocked.Increment(ref sent);
                    break;
                case { } chosen when chosen == acquire:
                    Assert.InRange(Interlocked.Increment(ref taken), 1, 3);
                    Interlocked.Decrement(ref taken);
                    semaphore.Release();
                    break;
            }
            SyncCrowd.Pause(random);
        });
        Assert.Equal(sent, received + channels.Sum(channel => channel.Count));
        Assert.Equal((3, 0), (semaphore.CurrentCount, semaphore.WaiterCount));
        Assert.All(channels, channel => Assert.Equal(0, channel.WaiterCount));
    }

    // Each case as often as said; a case that is done is disabled.
    private static void SelectEach(GreenChannel<int>[] channels, Func<GreenChannel<int>, SelectCase> caseOf, int each)
    {
        SelectCase?[] cases = [.. channels.Select(caseOf)];
        int[] left = [.. channels.Select(_ => each)];
        for (int i = 0; i < each * channels.Length; i++)
        {
            int index = Select.Wait(cases);
            if (--left[index] == 0)
                cases[index] = null;
        }
        Assert.All(cases, Assert.Null);
    }

    private static Task Start(Action body, bool onOsThread) => onOsThread ? OsThreads.Start(body) : GreenThreadsOfTests.Start(body);

    private static void AssertAllEnd(IReadOnlyCollection<Task> tasks, string which = "")
    {
        if (!Task.WhenAll(tasks).Wait(TimeLimit.Generous))
            throw new TimeoutException($"{tasks.Count(task => !task.IsCompleted)} of {tasks.Count} hang {which}");
    }
}
