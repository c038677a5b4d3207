namespace GreenThreads.Tests;

/// <summary>What is run once, seen from a kind of thread.</summary>
public abstract class OnceContract : ThreadContract
{
    [Fact]
    public void One_runs_it_and_the_others_wait() => Run(() =>
    {
        var once = new GreenOnce();
        int runs = 0;
        bool isReleased = false;
        Task[] all = [.. Enumerable.Range(0, 40).Select(_ => Start(() =>
        {
            once.Run(() =>
            {
                WaitUntil(() => Volatile.Read(ref isReleased));
                runs++;
            });
            Assert.Equal(1, runs);
        }))];
        WaitUntil(() => once.WaiterCount == all.Length - 1);
        Assert.NotNull(once.OwnerForTools);
        Assert.False(once.IsDone);
        Volatile.Write(ref isReleased, true);
        Join(all);
        Assert.True(once.IsDone);
        Assert.Null(once.OwnerForTools);
        once.Run(() => Assert.Fail("again"));
    });

    [Fact]
    public void A_failure_goes_to_who_ran_it_and_the_next_runs_its_own() => Run(() =>
    {
        var value = new GreenOnce<int> { Name = "value" };
        bool hasBegun = false;
        bool isReleased = false;
        Task failing = Start(() => Assert.Throws<FormatException>(() => value.Get(() =>
        {
            Volatile.Write(ref hasBegun, true);
            WaitUntil(() => Volatile.Read(ref isReleased));
            throw new FormatException();
        })));
        WaitUntil(() => Volatile.Read(ref hasBegun));
        Task[] others = [.. Enumerable.Range(1, 5).Select(i => Start(() => value.Get(() => 7)))];
        Assert.False(value.TryGet(out _));
        Volatile.Write(ref isReleased, true);
        Join([failing, .. others]);
        Assert.Equal(7, value.Get(() => 8));
        Assert.True(value.TryGet(out int found));
        Assert.Equal(7, found);
        Assert.Contains("value", value.ToString(), StringComparison.Ordinal);
    });

    [Fact]
    public void It_cannot_wait_for_itself() => Run(() =>
    {
        var once = new GreenOnce();
        Assert.Throws<LockRecursionException>(() => once.Run(() => once.Run(() => { })));
        Assert.False(once.IsDone);
        Assert.Throws<ArgumentNullException>(() => once.Run(null!));
        Assert.Throws<ArgumentNullException>(() => new GreenOnce<int>().Get(null!));
    });
}

public sealed class GreenThreadOnceTests : OnceContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_run_is_followed_by_the_next() => Run(() =>
    {
        var once = new GreenOnce();
        GreenThread first = GreenThread.Spawn(() => once.Run(() => GreenThread.Park()));
        WaitUntil(() => once.OwnerForTools == first);
        GreenThread cancelled = GreenThread.Spawn(() => once.Run(() => Assert.Fail("was cancelled before")));
        WaitUntil(() => once.WaiterCount == 1);
        cancelled.Cancel();
        Assert.Throws<GreenThreadCanceledException>(cancelled.Join);
        bool ran = false;
        GreenThread second = GreenThread.Spawn(() => once.Run(() => ran = true));
        WaitUntil(() => once.WaiterCount == 1);
        first.Cancel();
        Assert.Throws<GreenThreadCanceledException>(first.Join);
        second.Join();
        Assert.True(ran);
        Assert.True(once.IsDone);
    });
}

public sealed class OsThreadOnceTests : OnceContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

/// <summary>Many of them, with runs that fail and are cancelled.</summary>
public sealed class OnceStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Each_is_run_once_and_nobody_is_forgotten(int seed)
    {
        int started = 0;
        var onces = new GreenOnce<int>[4096];
        for (int i = 0; i < onces.Length; i++)
            onces[i] = new GreenOnce<int>();
        new SyncCrowd(seed).Run(random =>
        {
            int index = Math.Min(Volatile.Read(ref started), onces.Length - 1);
            try
            {
                Assert.Equal(index, onces[index].Get(() =>
                {
                    SyncCrowd.Pause(random);
                    if (random.Next(3) == 0)
                        throw new FormatException();
                    Assert.False(onces[index].IsDone);
                    Interlocked.Increment(ref started);
                    return index;
                }));
            }
            catch (FormatException)
            {
                SyncCrowd.Pause(random);
            }
        });
        Assert.True(started > 0);
        Assert.All(onces, once => Assert.Equal(0, once.WaiterCount));
        Assert.All(onces.Take(Math.Min(started, onces.Length)), once => Assert.True(once.IsDone));
    }
}
