using System.Globalization;

namespace GreenThreads.Tests;

/// <summary>What flows into a green thread, and what does not stay behind in the coroutine that it ran on.</summary>
public sealed class ContextFlowTests
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public void The_context_of_the_spawner_flows_in_and_changes_do_not_flow_out()
    {
        s_local.Value = "spawner";
        Assert.Equal("spawner", GreenThread.Spawn(() =>
        {
            string? seen = s_local.Value;
            s_local.Value = "changed";
            return seen;
        }).Result);
        Assert.Equal("spawner", s_local.Value);
    }

    [Fact]
    public void The_next_tenant_of_a_coroutine_sees_nothing_of_the_last()
    {
        s_local.Value = null;
        Green.Run(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                GreenThread.Spawn(() =>
                {
                    s_local.Value = "left behind";
                    CultureInfo.CurrentCulture = new CultureInfo("");
                    SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
                    GreenThread.Yield();
                }).Join();
                GreenThread.Spawn(() =>
                {
                    Assert.Null(s_local.Value);
                    Assert.Same(GreenThread.Current!.Group.SynchronizationContext, SynchronizationContext.Current);
                }).Join();
            }
        });
    }

    [Fact]
    public void Suppressed_flow_gives_an_empty_context()
    {
        s_local.Value = "not to be seen";
        GreenThread<string?> thread;
        using (ExecutionContext.SuppressFlow())
            thread = GreenThread.Spawn<string?>(() => s_local.Value);
        Assert.Null(thread.Result);
    }

    [Fact]
    public void A_context_stays_with_its_thread_over_parks() => Green.Run(() =>
    {
        GreenThread[] threads = [.. Enumerable.Range(0, 20).Select(i => GreenThread.Spawn(() =>
        {
            s_local.Value = "mine " + i;
            for (int k = 0; k < 20; k++)
            {
                GreenThread.Yield();
                Assert.Equal("mine " + i, s_local.Value);
            }
        }))];
        foreach (GreenThread thread in threads)
            thread.Join();
    });
}
