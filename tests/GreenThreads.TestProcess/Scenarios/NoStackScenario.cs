namespace GreenThreads.TestProcess;

/// <summary>Uses up the room for stacks with green threads that park, and then posts to their group.</summary>
internal static class NoStackScenario
{
    internal static int Run(string[] arguments)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, StackReserve = 1 << 30 });
        var gate = new TaskCompletionSource();
        var parked = new List<GreenThread>();
        GreenThread last;
        do
        {
            last = group.Spawn(() => GreenThread.Await(gate.Task));
            parked.Add(last);
            if (!SpinWait.SpinUntil(() => last.State is GreenThreadState.Parked or GreenThreadState.Ended, TimeSpan.FromSeconds(30)))
                return 1;
        }
        while (last.State == GreenThreadState.Parked);
        Console.WriteLine($"parked={parked.Count - 1}");
        Console.WriteLine($"refused={FailureOf(last)}");

        var posted = new TaskCompletionSource<GreenThread?>();
        group.SynchronizationContext.Post(_ => posted.SetResult(GreenThread.Current), null);
        Console.WriteLine($"posted={(posted.Task.Wait(TimeSpan.FromSeconds(30)) ? Place(posted.Task.Result) : "lost")}");
        Task<GreenThread?> task = Task.Factory.StartNew(() => GreenThread.Current, CancellationToken.None, TaskCreationOptions.None, group.TaskScheduler);
        Console.WriteLine($"task={(task.Wait(TimeSpan.FromSeconds(30)) ? Place(task.Result) : "lost")}");
        Console.WriteLine($"run={FailureOf(GreenThread.Run(() => { }, group: group))}");

        gate.SetResult();
        parked.Remove(last);
        foreach (GreenThread thread in parked)
            thread.Join();
        return 0;
    }

    private static string Place(GreenThread? thread) => thread is null ? "pool" : "green thread";

    private static string FailureOf(GreenThread thread) => FailureOf(thread.Completion);

    private static string FailureOf(Task task)
    {
        try
        {
            task.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult();
            return "nothing";
        }
        catch (Exception exception)
        {
            return exception.GetType().Name;
        }
    }
}
