namespace GreenThreads.Tests;

/// <summary>
/// A known concurrency bug as a small kernel of its behaviour, and what becomes of it here. Those with a name such as etcd#7492 are modelled on the bug of that
/// number in GoBench (GoKer), Yuan et al., CGO 2021; nothing is taken from there but who waits for what.
/// </summary>
internal sealed class Bug(string origin, Action<BugRun> body)
{
    /// <summary>Project and number, or what the bug is.</summary>
    internal string Origin { get; } = origin;

    /// <summary>
    /// Who waits for ever, and for what: "worker: results". Everybody whom the report must list, and nobody else. Empty if nobody does.
    /// </summary>
    internal string[] Waits { get; init; } = [];

    /// <summary>Who of them wait for each other in a circle, in any order; empty if that cannot be known.</summary>
    internal string[] Cycle { get; init; } = [];

    /// <summary>Whether the program goes on meanwhile: no report as long as main lives, and one when nobody but the leaked ones is left.</summary>
    internal bool IsLeak { get; init; }

    /// <summary>Whether there is no report even then, because somebody unknown may still end the waits.</summary>
    internal bool IsSilent { get; init; }

    /// <summary>Who ends with an exception instead, and with which.</summary>
    internal (string Thread, Type Exception)[] Throws { get; init; } = [];

    /// <summary>Words of the report's text.</summary>
    internal string Says { get; init; } = "";

    internal static TheoryData<string> OriginsOf(IEnumerable<Bug> bugs) => [.. bugs.Select(static bug => bug.Origin)];

    internal static void Check(IEnumerable<Bug> bugs, string origin) => bugs.Single(bug => bug.Origin == origin).Check();

    private void Check()
    {
        using var world = new DeadlockWorld();
        var run = new BugRun();
        bool isOver = false;
        GreenThread main = world.Spawn(
            () =>
            {
                body(run);
                Volatile.Write(ref isOver, true);
                if (IsLeak || IsSilent)
                    GreenThread.Park(TimeLimit.Generous); // The program does something else.
            },
            "main");
        foreach ((string name, Type type) in Throws)
            CheckThrows(run, main, name, type);
        if (IsLeak || IsSilent)
        {
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref isOver) && Waits.All(wait => IsParked(run, wait)), TimeLimit.Generous), "not all leak");
            Assert.Equal(0, world.Reports);
            main.Unpark();
        }
        if (Waits.Length == 0)
            CheckAllEnd(world);
        else if (IsSilent)
            CheckSilence(world, main);
        else
            CheckReport(world.WaitForReport());
        if (Waits.Length != 0)
            Assert.False(world.Group.Shutdown(TimeSpan.Zero).HasDrained);
    }

    private static void CheckThrows(BugRun run, GreenThread main, string name, Type type)
    {
        GreenThread? thread = null;
        Assert.True(SpinWait.SpinUntil(() => (thread = Find(run, main, name)) is not null, TimeLimit.Generous), $"no {name}");
        Assert.IsType(type, Record.Exception(() => thread!.Join(TimeLimit.Generous)));
    }

    private static GreenThread? Find(BugRun run, GreenThread main, string name) => name == "main" ? main : run.Threads.SingleOrDefault(thread => thread.Name == name);

    private static bool IsParked(BugRun run, string wait) =>
        run.Threads.SingleOrDefault(thread => thread.Name == wait[..wait.IndexOf(':', StringComparison.Ordinal)]) is { State: GreenThreadState.Parked, WaitsFor: not null };

    private static void CheckAllEnd(DeadlockWorld world)
    {
        Assert.True(world.Group.Shutdown(TimeLimit.Generous).HasDrained);
        Assert.True(world.Reports == 0, world.AllReports);
    }

    private static void CheckSilence(DeadlockWorld world, GreenThread main)
    {
        main.Join(TimeLimit.Generous);
        // Several times the patience of the world.
        Thread.Sleep(100);
        Assert.True(world.Reports == 0, world.AllReports);
    }

    private void CheckReport(DeadlockReport report)
    {
        string text = report.ToString();
        Assert.Equal(Waits.Order(StringComparer.Ordinal), report.Waits.Select(Describe).Order(StringComparer.Ordinal));
        Assert.Equal(Cycle.Length == 0 ? 0 : 1, report.Cycles.Count);
        if (Cycle.Length != 0)
            Assert.Equal(Cycle.Order(StringComparer.Ordinal), report.Cycles[0].Select(static wait => wait.GreenThread!.Name!).Order(StringComparer.Ordinal));
        Assert.Contains(Says, text, StringComparison.Ordinal);
        Assert.All(report.Waits, wait => Assert.Contains(wait.Name, text, StringComparison.Ordinal));
    }

    private static string Describe(DeadlockWait wait) =>
        $"{wait.GreenThread?.Name}: {string.Join(" | ", wait.Targets.Select(NameOf).Order(StringComparer.Ordinal))}";

    private static string NameOf(DeadlockTarget target) => target.Target switch
    {
        GreenPrimitive primitive => primitive.Name!,
        GreenThread thread => $"end of {thread.Name}",
        _ => target.Description,
    };
}
