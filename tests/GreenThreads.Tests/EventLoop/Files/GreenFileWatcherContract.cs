namespace GreenThreads.Tests;

/// <summary><see cref="GreenFileWatcher"/>, used by one kind of thread.</summary>
public abstract class GreenFileWatcherContract : ThreadContract
{
    [Fact]
    public void What_happens_in_a_directory_is_told_in_its_order() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using var watcher = new GreenFileWatcher();
        GreenFileWatch watch = watcher.Add(directory.FullName);
        Assert.Equal((directory.FullName, GreenFileEvents.Changes), (watch.Path, watch.Events));
        Assert.Null(watcher.Wait(TimeSpan.Zero));

        File.WriteAllText(directory.PathOf("one"), "text");
        AssertNext(watcher, watch, GreenFileEvents.Created, "one");
        AssertNext(watcher, watch, GreenFileEvents.Modified, "one");
        AssertNext(watcher, watch, GreenFileEvents.ClosedAfterWriting, "one");
        File.Move(directory.PathOf("one"), directory.PathOf("näch§"));
        uint cookie = AssertNext(watcher, watch, GreenFileEvents.MovedFrom, "one").Cookie;
        GreenFileEvent moved = AssertNext(watcher, watch, GreenFileEvents.MovedTo, "näch§");
        Assert.Equal((cookie, directory.PathOf("näch§")), (moved.Cookie, moved.Path));
        Assert.NotEqual(0u, cookie);
        Directory.CreateDirectory(directory.PathOf("inner"));
        AssertNext(watcher, watch, GreenFileEvents.Created | GreenFileEvents.IsDirectory, "inner");
        File.Delete(moved.Path!);
        AssertNext(watcher, watch, GreenFileEvents.Deleted, "näch§");
        Assert.Null(watcher.Wait(TimeSpan.Zero));
    });

    [Fact]
    public void A_wait_ends_with_the_event() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using var watcher = new GreenFileWatcher();
        GreenFileWatch watch = watcher.Add(directory.FullName, GreenFileEvents.Created);
        for (int i = 0; i < 20; i++)
        {
            string name = $"{i}";
            Task waiter = Start(() => AssertNext(watcher, watch, GreenFileEvents.Created, name));
            WaitUntilSomebodyWaits(watcher.Descriptor, WaitDirection.Read);
            directory.Write(name, "");
            Join(waiter);
        }
    });

    [Fact]
    public void Each_event_is_told_to_one_of_those_who_wait() => Run(() =>
    {
        const int Waiters = 4;
        const int Each = 25;
        using var directory = new TemporaryDirectory();
        using var watcher = new GreenFileWatcher();
        watcher.Add(directory.FullName, GreenFileEvents.Created);
        string?[][] names = new string?[Waiters][];
        Task[] waiters = [.. Enumerable.Range(0, Waiters).Select(index => Start(() =>
        {
            names[index] = new string?[Each];
            for (int i = 0; i < Each; i++)
                names[index][i] = watcher.Wait().Name;
        }))];
        for (int i = 0; i < Waiters * Each; i++)
        {
            directory.Write($"{i:D3}", "");
            Yield();
        }
        Join(waiters);
        Assert.Equal(Enumerable.Range(0, Waiters * Each).Select(i => $"{i:D3}"), names.SelectMany(some => some).Order());
        Assert.Null(watcher.Wait(TimeSpan.Zero));
    });

    [Fact]
    public void A_watch_ends_when_it_is_removed_or_its_file_is_gone() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.Write("file", "");
        using var watcher = new GreenFileWatcher();
        GreenFileWatch ofDirectory = watcher.Add(directory.FullName, GreenFileEvents.Created);
        GreenFileWatch ofFile = watcher.Add(path, GreenFileEvents.SelfDeleted);
        Assert.True(watcher.Remove(ofDirectory));
        AssertNext(watcher, ofDirectory, GreenFileEvents.WatchEnded, null);
        Assert.False(watcher.Remove(ofDirectory));
        File.Delete(path);
        AssertNext(watcher, ofFile, GreenFileEvents.SelfDeleted, null);
        Assert.Equal(path, AssertNext(watcher, ofFile, GreenFileEvents.WatchEnded, null).Path);
        Assert.False(watcher.Remove(ofFile));
        directory.Write("other", "");
        Assert.Null(watcher.Wait(TimeSpan.Zero));
    });

    [Fact]
    public void What_cannot_be_watched_is_a_clear_error() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using var watcher = new GreenFileWatcher();
        SystemCallException exception = Assert.Throws<SystemCallException>(() => watcher.Add(directory.PathOf("none")));
        Assert.Equal(Errno.ENOENT, exception.Errno);
        Assert.Contains(directory.PathOf("none"), exception.Message, StringComparison.Ordinal);
        watcher.Add(directory.FullName);
        exception = Assert.Throws<SystemCallException>(() => watcher.Add(directory.FullName + "/."));
        Assert.Equal(Errno.EEXIST, exception.Errno);
        Assert.Throws<ArgumentOutOfRangeException>(() => watcher.Add(directory.FullName, GreenFileEvents.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => watcher.Add(directory.FullName, GreenFileEvents.Overflow));
        Assert.Throws<ArgumentOutOfRangeException>(() => watcher.Wait(TimeSpan.FromSeconds(-2)));
    });

    [Fact]
    public void Disposing_ends_every_wait() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        var watcher = new GreenFileWatcher();
        GreenFileWatch watch = watcher.Add(directory.FullName);
        Task waiter = Start(() => Assert.Throws<ObjectDisposedException>(watcher.Wait));
        WaitUntilSomebodyWaits(watcher.Descriptor, WaitDirection.Read);
        Task<GreenFileEvent> pending = watcher.WaitAsync().AsTask();
        watcher.Dispose();
        watcher.Dispose();
        Join(waiter);
        Join(Assert.ThrowsAsync<ObjectDisposedException>(() => pending));
        Assert.Throws<ObjectDisposedException>(() => watcher.Wait(TimeSpan.Zero));
        Assert.Throws<ObjectDisposedException>(() => watcher.Add(directory.FullName));
        Assert.Throws<ObjectDisposedException>(() => watcher.Remove(watch));
    });

    [Fact]
    public void An_asynchronous_wait_completes_or_is_cancelled() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using var watcher = new GreenFileWatcher();
        watcher.Add(directory.FullName, GreenFileEvents.Created);
        using var cancellation = new CancellationTokenSource();
        Task<GreenFileEvent> cancelled = watcher.WaitAsync(cancellation.Token).AsTask();
        Task<GreenFileEvent> pending = watcher.WaitAsync().AsTask();
        cancellation.Cancel();
        WaitUntil(() => cancelled.IsCanceled);
        directory.Write("file", "");
        Join(pending);
        Assert.Equal("Created: " + directory.PathOf("file"), pending.Result.ToString());
    });

    private static GreenFileEvent AssertNext(GreenFileWatcher watcher, GreenFileWatch watch, GreenFileEvents events, string? name)
    {
        GreenFileEvent next = watcher.Wait();
        Assert.Equal((watch, events, name), (next.Watch, next.Events, next.Name));
        return next;
    }
}

public sealed class GreenThreadFileWatcherTests : GreenFileWatcherContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadFileWatcherTests : GreenFileWatcherContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
