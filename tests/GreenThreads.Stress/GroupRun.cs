namespace GreenThreads.Stress;

/// <summary>A group for one world, as the options say; its end is a check of its own.</summary>
internal sealed class GroupRun
{
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(10);

    private readonly World _world;

    internal GroupRun(World world, StressOptions options)
    {
        _world = world;
        Group = new SchedulerGroup(options.GroupOptions(world.Name));
    }

    internal SchedulerGroup Group { get; }

    /// <summary>Ends the group, in which nobody lives any more.</summary>
    internal void End()
    {
        ShutdownReport report = Group.Shutdown(s_drain);
        foreach (UnfinishedGreenThread unfinished in report.Unfinished)
            _world.Failures.Enqueue($"the group did not end: {unfinished.Thread}, spawned at {unfinished.Thread.SpawnSite}");
        if (!report.HasDrained)
            _world.Failures.Enqueue("the group did not drain");
    }
}
