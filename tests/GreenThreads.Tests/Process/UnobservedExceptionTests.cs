using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

public sealed class UnobservedExceptionTests : IDisposable
{
    private const int Threads = 20;

    private readonly ConcurrentDictionary<string, Exception> _reported = new();

    public UnobservedExceptionTests() => SchedulerGroup.UnobservedException += OnUnobserved;

    public void Dispose() => SchedulerGroup.UnobservedException -= OnUnobserved;

    [Fact]
    public void An_exception_that_nobody_asks_for_is_reported_and_one_that_Join_threw_is_not()
    {
        FailWithoutObserver();
        FailWithObserver();
        // The schedulers and stacks have held others since, and hold on to none of the failed ones.
        for (int i = 0; i < Threads; i++)
            GreenThread.Spawn(GreenThread.Yield).Join();

        Deadline limit = Deadline.After(TimeLimit.Generous);
        while (_reported.Count < Threads && !limit.HasPassed)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.Equal(Enumerable.Range(0, Threads).Select(i => $"unobserved {i}").Order(), _reported.Keys.Order());
        Assert.All(_reported.Values, exception => Assert.IsType<TimeZoneNotFoundException>(exception));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailWithoutObserver()
    {
        for (int i = 0; i < Threads; i++)
        {
            GreenThread thread = GreenThread.Spawn(() => throw new TimeZoneNotFoundException(), $"unobserved {i}");
            Assert.True(SpinWait.SpinUntil(() => thread.State == GreenThreadState.Ended, TimeLimit.Generous));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailWithObserver()
    {
        for (int i = 0; i < Threads; i++)
        {
            GreenThread thread = GreenThread.Spawn(() => throw new TimeZoneNotFoundException(), $"observed {i}");
            Assert.Throws<TimeZoneNotFoundException>(() => thread.Join());
        }
    }

    // The event is the process's: green threads of earlier tests, whose peers were cancelled, may be collected only now.
    private void OnUnobserved(object? sender, UnobservedGreenThreadExceptionEventArgs e)
    {
        if (e.ThreadName.Contains("observed", StringComparison.Ordinal))
            _reported[e.ThreadName] = e.Exception;
    }
}
