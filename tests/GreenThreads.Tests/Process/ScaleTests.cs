namespace GreenThreads.Tests;

public sealed class ScaleTests
{
    [SwitchedFactWithGuardAdvice]
    public void A_hundred_thousand_green_threads_park_within_the_default_map_count()
    {
        ChildResult child = ChildProcess.Run("park-many", "100000");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal("100000", child["parked"]);
        Assert.Equal("100000", child["ended"]);
        Assert.Equal("100000", child["resumed"]);
        Assert.True(child.Number("maps") < 2000, child.ToString());
    }

    // A ratio of medians in one process, with no collection in between. A creation that searched what others left behind was 20 times dearer.
    [SwitchedFactWithGuardAdvice]
    public void The_hundred_thousandth_coroutine_costs_what_the_thousandth_does()
    {
        ChildResult child = ChildProcess.Run(["creation-cost", "100000"], ("DOTNET_GCgen0size", "0x20000000"));
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.True(child.Number("late") < 2 * child.Number("early"), child.ToString());
    }

    // A ratio of medians in one process. Without the entries of the signal-safe map a collection waits for the end of a time slice or longer,
    // hundreds of times as long; below a tenth of a millisecond the two differ by noise.
    [SwitchedFact]
    public void A_tight_loop_on_a_green_thread_delays_a_collection_no_more_than_on_an_OS_thread()
    {
        const double noise = 0.1;
        ChildResult child = ChildProcess.Run("collection-pause");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.True(child.Number("green") < 5 * Math.Max(child.Number("os"), noise), child.ToString());
    }

    // A poll for collections behind the end of a reverse P/Invoke once left new Threads in cooperative mode; every second run of this died.
    [SwitchedFact]
    public void Coroutines_that_are_made_while_collections_begin_all_start()
    {
        for (int run = 0; run < 3; run++)
        {
            ChildResult child = ChildProcess.Run("create-while-collecting", "2000");
            Assert.True(child.ExitCode == 0, child.ToString());
            Assert.Equal("2000", child["started"]);
        }
    }

    // The runtime counts its Threads itself. Some rest in the pools of the schedulers.
    [SwitchedFact]
    public void Idle_coroutines_are_given_back_while_others_run_and_collect()
    {
        ChildResult child = ChildProcess.Run("give-back", "1000", "3");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.True(child.Number("largest") > 1000 && child.Number("ended") > 2700 && child.Number("threads") < 300, child.ToString());
    }

    [SwitchedFact]
    public void Idle_coroutines_that_were_given_back_cost_neither_memory_nor_collections()
    {
        ChildResult child = ChildProcess.Run("idle-cost", "5000");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal("5000", child["ended"]);
        Assert.True(child.Number("after_threads") < 50, child.ToString());
        double idle = child.Number("idle_rss_kb") - child.Number("none_rss_kb");
        double after = child.Number("after_rss_kb") - child.Number("none_rss_kb");
        Assert.True(after < idle / 2 && child.Number("after_gen0_ms") < child.Number("idle_gen0_ms") / 2, child.ToString());
    }

    // What the stride of the arena was chosen by.
    [SwitchedFact]
    public void Common_work_of_the_class_library_takes_less_than_a_quarter_of_a_stack()
    {
        ChildResult child = ChildProcess.Run("stack-use");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.True(child.Number("json") > 0, child.ToString());
    }

    [SwitchedFact]
    public void The_probe_of_the_pending_activation_flag_finds_what_the_table_says()
    {
        ChildResult child = ChildProcess.Run("probe");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal(ClrRuntime.Layout.HasPendingActivation.ToString(System.Globalization.CultureInfo.InvariantCulture), child["probed"]);
    }

    [SwitchedFact]
    public void The_self_check_of_the_test_process_passes()
    {
        ChildResult child = ChildProcess.Run("selfcheck");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal("ok", child["selfcheck"]);
    }
}
