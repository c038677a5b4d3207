namespace GreenThreads.Tests;

/// <summary>Names of green threads and processes.</summary>
public sealed class GreenRegistryTests
{
    private readonly GreenRegistry _registry = new();

    [Fact]
    public void Who_is_registered_is_found_until_it_ends() => Green.Run(() =>
    {
        GreenThread thread = GreenThread.Spawn(() => GreenThread.Park());
        _registry.Register("one", thread);
        _registry.Register("two", thread);
        Assert.Same(thread, _registry.Find("one"));
        Assert.Same(thread, _registry.Find("two"));
        Assert.Null(_registry.Find("ONE"));
        Assert.Equal(["one", "two"], _registry.Names.Order());
        thread.Unpark();
        thread.Join();
        Assert.Null(_registry.Find("one"));
        Assert.Empty(_registry.Names);
    });

    [Fact]
    public void A_process_is_found_by_the_type_of_its_messages() => Green.Run(() =>
    {
        GreenProcess<int> process = GreenProcess.Spawn<int>(static mailbox => mailbox.Receive());
        _registry.Register("process", process);
        Assert.Same(process, _registry.Find<int>("process"));
        Assert.Null(_registry.Find<string>("process"));
        Assert.Same(process.Thread, _registry.Find("process"));
        _registry.Find<int>("process")!.Send(1);
        process.Join();
        Assert.Null(_registry.Find<int>("process"));
    });

    [Fact]
    public void A_name_stands_for_one_at_a_time() => Green.Run(() =>
    {
        GreenThread first = GreenThread.Spawn(() => GreenThread.Park(), "first");
        GreenThread second = GreenThread.Spawn(() => GreenThread.Park());
        _registry.Register("name", first);
        var clash = Assert.Throws<InvalidOperationException>(() => _registry.Register("name", second));
        Assert.Contains("first", clash.Message, StringComparison.Ordinal);
        Assert.Equal(0, second.JoinerCount);
        Assert.True(_registry.Unregister("name"));
        Assert.False(_registry.Unregister("name"));
        Assert.Equal(0, first.JoinerCount);
        _registry.Register("name", second);
        first.Unpark();
        first.Join();
        Assert.Same(second, _registry.Find("name"));
        second.Unpark();
        second.Join();
        Assert.Throws<InvalidOperationException>(() => _registry.Register("name", second));
        Assert.Throws<ArgumentException>(() => _registry.Register("", first));
    });

    [Fact]
    public void After_a_join_the_name_is_free_and_nothing_stays() => Green.Run(() =>
    {
        for (int i = 0; i < Rounds.Of(500); i++)
        {
            GreenThread thread = GreenThread.Spawn(() => _registry.Register("name", GreenThread.Current!));
            thread.Join();
            Assert.Null(_registry.Find("name"));
        }
        Assert.Empty(_registry.Names);
    });

    [Fact]
    public void Registrations_and_ends_meet_in_any_order() => Green.Run(() =>
    {
        for (int i = 0; i < Rounds.Of(300); i++)
        {
            GreenThread thread = GreenThread.Spawn(GreenThread.Yield);
            try
            {
                _registry.Register($"name {i}", thread);
            }
            catch (InvalidOperationException)
            {
                Assert.Equal(GreenThreadState.Ended, thread.State);
            }
            thread.Join();
            thread.WaitUntilEndIsTold();
        }
        Assert.Equal(0, _registry.EntryCount);
    });

    [Fact]
    public void There_is_one_for_the_whole_process() => Assert.Same(GreenRegistry.Shared, GreenRegistry.Shared);
}
