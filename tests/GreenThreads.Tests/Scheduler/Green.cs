namespace GreenThreads.Tests;

/// <summary>Runs a test's body on a green thread, rethrows what it throws, and fails if it hangs.</summary>
internal static class Green
{
    internal static void Run(Action body)
    {
        if (!GreenThread.Spawn(body).Join(TimeLimit.Generous))
            throw new TimeoutException("the green thread did not end");
    }

    /// <summary>The same in a group of one scheduler, where nothing runs at the same time.</summary>
    internal static void RunAlone(Action body, SchedulerGroupOptions? options = null)
    {
        using var group = new SchedulerGroup((options ?? new SchedulerGroupOptions()) with { Schedulers = 1, Name = "alone" });
        if (!group.Spawn(body).Join(TimeLimit.Generous))
            throw new TimeoutException("the green thread did not end");
    }

    /// <summary>Blocks the OS thread as native code would, until the event is set.</summary>
    internal static void BlockOsThread(ManualResetEventSlim end)
    {
        using (NoPark.Enter())
            end.WaitHandle.WaitOne();
    }
}
