using System.Text;

namespace GreenThreads.Stress;

/// <summary>A group's snapshot for people.</summary>
internal static class SnapshotText
{
    /// <summary>The sums, in a few words.</summary>
    internal static string Totals(SchedulerGroup? group)
    {
        if (group is null)
            return "no group";
        IReadOnlyList<SchedulerSnapshot> all = group.Snapshot().Schedulers;
        return $"{all.Sum(static one => one.Parks)} parks, {all.Sum(static one => one.Steals)} steals of {all.Sum(static one => one.Stolen)}, "
            + $"{all.Sum(static one => one.Wakes)} wakes, {all.Count(static one => one.IsSpare)} spares";
    }

    /// <summary>What became of stock waits.</summary>
    internal static string Waits(SchedulerGroup? group)
    {
        ManagedWaits[] all = [.. group?.Snapshot().Schedulers.Select(static one => one.ManagedWaits) ?? []];
        return $"waits: {all.Sum(static one => one.AtOnce)} at once, {all.Sum(static one => one.AfterYield)} after yielding, {all.Sum(static one => one.HandedOver)} handed over, "
            + $"{all.Sum(static one => one.LookedAt)} looked at";
    }

    /// <summary>Everything, a line for each scheduler.</summary>
    internal static string Full(SchedulerGroup group)
    {
        SchedulerGroupSnapshot snapshot = group.Snapshot();
        var text = new StringBuilder();
        text.AppendLine($"group {snapshot.Name}: {snapshot.Live} live, {snapshot.LiveDaemons} daemons, {snapshot.Parked} parked, {snapshot.Injected} injected, "
            + $"{snapshot.Spawned} spawned");
        foreach (SchedulerSnapshot one in snapshot.Schedulers)
        {
            string affine = string.Join(", ", one.AffineParks.Select(static reason => $"{reason.Key} {reason.Value}"));
            text.AppendLine($"  {one.Name,-16} {one.State,-9} runs {one.Running?.ToString() ?? "nobody"}; {one.Queued} queued ({one.QueuedAffine} affine), "
                + $"{one.Parked} parked, {one.Timers} timers; {one.Picks} picks, {one.Parks} parks, {one.Steals} steals of {one.Stolen}, {one.Polls} polls, {one.Wakes} wakes, "
                + $"stuck {one.StuckInNativeCode} + {one.StuckComputing} times, idle {one.IdleTime.TotalSeconds:F1} s; {affine}");
        }
        return text.ToString();
    }
}
