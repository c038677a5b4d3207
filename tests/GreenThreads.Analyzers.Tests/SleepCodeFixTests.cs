namespace GreenThreads.Analyzers.Tests;

public class SleepCodeFixTests
{
    [Theory]
    [InlineData("Thread.Sleep(250)", "GreenThread.Sleep(TimeSpan.FromMilliseconds(250))")]
    [InlineData("Thread.Sleep(millisecondsTimeout: i * 2)", "GreenThread.Sleep(TimeSpan.FromMilliseconds(i * 2))")]
    [InlineData("Thread.Sleep(Timeout.Infinite)", "GreenThread.Sleep(TimeSpan.FromMilliseconds(Timeout.Infinite))")]
    [InlineData("Thread.Sleep(short.MaxValue)", "GreenThread.Sleep(TimeSpan.FromMilliseconds(short.MaxValue))")]
    [InlineData("Thread.Sleep(TimeSpan.FromSeconds(1))", "GreenThread.Sleep(TimeSpan.FromSeconds(1))")]
    [InlineData("Thread.Sleep(timeout: time)", "GreenThread.Sleep(time)")]
    [InlineData("System.Threading.Thread.Sleep(1)", "GreenThread.Sleep(TimeSpan.FromMilliseconds(1))")]
    public void A_sleep_becomes_a_green_sleep_of_the_same_time(string before, string after)
    {
        string file = Snippet.InClass($"void M(int i, TimeSpan time) => GreenThread.Spawn(() => /* why */ {before} /* what for */);");
        Assert.Equal(file.Replace(before, after, StringComparison.Ordinal), Snippet.FixOne(file));
    }

    [Fact]
    public void A_sleep_of_a_using_static_becomes_a_green_sleep()
    {
        string after = Snippet.FixOne("using static System.Threading.Thread;\nusing GreenThreads;\nclass C { void M() => GreenThread.Spawn(() => Sleep(1)); }\n");
        Assert.Contains("GreenThread.Sleep(TimeSpan.FromMilliseconds(1))", after, StringComparison.Ordinal);
        Assert.Contains("using System;", after, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_usings_are_added_once_for_all_fixes_of_a_file()
    {
        string after = Snippet.FixAll("""
            class C
            {
                void M() => GreenThreads.GreenThread.Spawn(Work);

                void Work()
                {
                    System.Threading.Thread.Sleep(1); // Before.
                    System.Threading.Thread.Sleep(2);
                    System.Threading.Thread.Sleep(System.TimeSpan.Zero);
                }
            }
            """);
        Assert.Equal("""
            using System;
            using GreenThreads;

            class C
            {
                void M() => GreenThreads.GreenThread.Spawn(Work);

                void Work()
                {
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(1)); // Before.
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(2));
                    GreenThread.Sleep(System.TimeSpan.Zero);
                }
            }
            """, after);
    }

    [Fact]
    public void Sleeps_in_arguments_of_other_calls_are_fixed()
    {
        string after = Snippet.FixAll(Snippet.InClass("void M() => GreenThread.Spawn(() => Nest(() => { Thread.Sleep(1); Nest(() => Thread.Sleep(2)); })); void Nest(Action a) => a();"));
        Assert.DoesNotContain(" Thread.Sleep", after, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_means_something_else_here_is_written_in_full()
    {
        string after = Snippet.FixOne("""
            using System.Threading;
            class GreenThread { }
            class C { void M() => GreenThreads.GreenThread.Spawn(() => Thread.Sleep(1)); }
            """);
        Assert.Contains("GreenThreads.GreenThread.Sleep(", after, StringComparison.Ordinal);
    }

    [Fact]
    public void A_delegate_of_sleep_has_no_fix() =>
        Assert.Equal(0, Snippet.CountFixes(Snippet.InClass("void M() => GreenThread.Spawn(() => new List<int>().ForEach(Thread.Sleep));")));
}
