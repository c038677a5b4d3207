namespace GreenThreads.Tests;

/// <summary>Values for each thread, seen from a kind of thread.</summary>
public abstract class LocalContract : ThreadContract
{
    private static readonly GreenLocal<int> s_plain = new();
    private static readonly GreenLocal<string> s_created = new(() => $"made for {Environment.CurrentManagedThreadId}");
    private static readonly GreenLocal<string?> s_inherited = new(isInherited: true);

    [Fact]
    public void Each_thread_has_its_own() => Run(() =>
    {
        Assert.Equal(0, s_plain.Value);
        Assert.False(s_plain.HasValue);
        s_plain.Value = 1;
        Join([.. Enumerable.Range(2, 20).Select(i => Start(() =>
        {
            Assert.False(s_plain.HasValue);
            s_plain.Value = i;
            Yield();
            Assert.Equal(i, s_plain.Value);
        }))]);
        Assert.Equal(1, s_plain.Value);
        s_plain.Remove();
        Assert.Equal(0, s_plain.Value);
        s_plain.Remove();
    });

    [Fact]
    public void A_value_is_made_when_it_is_first_read() => Run(() =>
    {
        Assert.False(s_created.HasValue);
        string value = s_created.Value;
        Assert.Same(value, s_created.Value);
        s_created.Value = "stored";
        Assert.Equal("stored", s_created.Value);
        s_created.Remove();
        Assert.NotSame(value, s_created.Value);
        var failing = new GreenLocal<int>(() => throw new FormatException());
        Assert.Throws<FormatException>(() => failing.Value);
        Assert.False(failing.HasValue);
    });

    [Fact]
    public void Only_those_that_say_so_are_inherited_and_only_at_the_spawn() => Run(() =>
    {
        s_plain.Value = 1;
        s_inherited.Value = "first";
        GreenThread child = GreenThread.Spawn(() =>
        {
            Assert.False(s_plain.HasValue);
            Assert.Equal("first", s_inherited.Value);
            GreenThread.Spawn(() => Assert.Equal("first", s_inherited.Value)).Join();
            GreenThread.Park();
            Assert.Equal("first", s_inherited.Value);
            s_inherited.Value = "child's";
        });
        s_inherited.Value = "second";
        child.Unpark();
        child.Join();
        Assert.Equal("second", s_inherited.Value);
        s_inherited.Remove();
        GreenThread.Spawn(() => Assert.False(s_inherited.HasValue)).Join();
    });

    [Fact]
    public void Many_on_one_thread_do_not_disturb_each_other() => Run(() =>
    {
        GreenLocal<int>[] locals = [.. Enumerable.Range(0, 50).Select(_ => new GreenLocal<int>())];
        var random = new Random(1);
        int[] expected = new int[locals.Length];
        for (int i = 0; i < 5000; i++)
        {
            int index = random.Next(locals.Length);
            switch (random.Next(4))
            {
                case 0:
                    locals[index].Remove();
                    expected[index] = 0;
                    break;
                case 1:
                    locals[index].Value = expected[index] = i;
                    break;
                default:
                    Assert.Equal(expected[index], locals[index].Value);
                    break;
            }
        }
    });
}

public sealed class GreenThreadLocalTests : LocalContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void The_next_green_thread_on_the_same_stack_finds_nothing() => Green.RunAlone(() =>
    {
        var local = new GreenLocal<object>();
        for (int i = 0; i < 100; i++)
        {
            GreenThread.Spawn(() =>
            {
                Assert.False(local.HasValue);
                local.Value = new object();
            }).Join();
        }
    });

    [SwitchedFactWithOptimizedCode]
    public void A_value_lives_no_longer_than_its_thread()
    {
        var local = new GreenLocal<object>();
        var weak = new WeakReference(null);
        GreenThread thread = GreenThread.Spawn(() => Store(local, weak));
        thread.Join();
        GC.Collect();
        Assert.False(weak.IsAlive);
        GC.KeepAlive(thread);

        static void Store(GreenLocal<object> local, WeakReference weak)
        {
            local.Value = new object();
            weak.Target = local.Value;
        }
    }

    [Fact]
    public async Task What_continues_asynchronous_code_inherits_nothing()
    {
        var local = new GreenLocal<int>(isInherited: true);
        await GreenThread.Run(async () =>
        {
            local.Value = 1;
            await Task.Yield();
            Assert.False(local.HasValue);
        });
    }
}

public sealed class OsThreadLocalTests : LocalContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
