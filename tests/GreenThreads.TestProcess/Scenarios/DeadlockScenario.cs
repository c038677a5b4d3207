namespace GreenThreads.TestProcess;

// A deadlock in a process where nothing else goes on, and what goes on outside and holds the report back. Arguments: what, and how many schedulers.
//
//   quiet            nothing: the report must come
//   quiet-older      the same, with a primitive that is older than the group
//   before-...       somebody outside who was there before the group, with a reference in a closure, and comes for the first time later: no report
//   inside-...       somebody outside who is started by a green thread, and shows in no count
//   any other kind   there is somebody outside who will wake the green thread after a while, and whom nothing but activity shows: no report before, none after
//   stress           the latter kinds in turns, at short pauses
internal static class DeadlockScenario
{
    private static readonly string[] s_outside = ["timer", "task", "thread", "async", "group", "long-task"];

    internal static int Run(string[] arguments)
    {
        int reports = 0;
        GreenThread? stuck = null;
        GreenSemaphore older = new(0) { Name = "never" };
        using FeederScenario? feeder = arguments[0].StartsWith("before-", StringComparison.Ordinal) ? FeederScenario.Start(arguments[0], older) : null;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = int.Parse(arguments[1]), DeadlockPatience = TimeSpan.FromMilliseconds(arguments[0] == "stress" ? 1 : 20) });
        group.DeadlockDetected += (_, report) =>
        {
            Interlocked.Increment(ref reports);
            Console.WriteLine($"report={report.ToString().ReplaceLineEndings(" / ")}");
            stuck?.Cancel();
        };
        if (arguments[0].Contains('-') && arguments[0] is not ("quiet-older" or "long-task"))
        {
            group.Spawn(() =>
            {
                GreenSemaphore fed = feeder is null ? new GreenSemaphore(0) : older;
                using FeederScenario? inside = feeder is null ? FeederScenario.Start(arguments[0], fed) : null;
                fed.Wait();
            }).Join();
            Console.WriteLine($"reports={Volatile.Read(ref reports)}");
            return 0;
        }
        if (arguments[0] is "quiet" or "quiet-older")
        {
            Console.WriteLine("to be stuck");
            stuck = group.Spawn(() => (arguments[0] == "quiet" ? new GreenSemaphore(0) { Name = "never" } : older).Wait(), "stuck");
            try
            {
                stuck.Join();
            }
            catch (GreenThreadCanceledException)
            {
                Console.WriteLine("found=True");
            }
            return 0;
        }
        using var neighbour = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "neighbour", DetectsDeadlocks = false });
        bool isStress = arguments[0] == "stress";
        DateTime end = DateTime.UtcNow.AddSeconds(1);
        for (int round = 0; isStress ? DateTime.UtcNow < end : round == 0; round++)
        {
            string kind = isStress ? s_outside[round % s_outside.Length] : arguments[0];
            TimeSpan pause = TimeSpan.FromMilliseconds(isStress ? round % 12 : 200);
            group.Spawn(() => WaitForOutside(kind, pause, neighbour)).Join();
        }
        Console.WriteLine($"reports={Volatile.Read(ref reports)}");
        return 0;
    }

    private static void WaitForOutside(string kind, TimeSpan pause, SchedulerGroup neighbour)
    {
        var done = new GreenSemaphore(0);
        Timer? timer = null;
        switch (kind)
        {
            case "timer":
                timer = new Timer(_ => done.Release(), null, pause, Timeout.InfiniteTimeSpan);
                break;
            case "task":
                Task.Run(() => Release(done, pause));
                break;
            case "long-task":
                Task.Factory.StartNew(() => Release(done, pause), TaskCreationOptions.LongRunning);
                break;
            case "thread":
                new Thread(() => Release(done, pause)) { IsBackground = true }.Start();
                break;
            case "async":
                _ = ReleaseAsync(done, pause);
                break;
            case "group":
                neighbour.Spawn(() =>
                {
                    GreenThread.Sleep(pause);
                    done.Release();
                });
                break;
        }
        done.Wait();
        timer?.Dispose();
    }

    private static void Release(GreenSemaphore done, TimeSpan pause)
    {
        Thread.Sleep(pause);
        done.Release();
    }

    private static async Task ReleaseAsync(GreenSemaphore done, TimeSpan pause)
    {
        await Task.Delay(pause);
        done.Release();
    }
}
