namespace GreenThreads.Stress;

/// <summary>One line a second, so that a hang shows where it began.</summary>
internal sealed class Progress
{
    private readonly Timer _timer;

    internal Progress(World world, Collector collector) =>
        _timer = new Timer(_ => Console.WriteLine($"  {world.Name}: {world.Rounds} rounds, {world.Pauses} pauses, {collector.Forced} forced collections"), null, 1000, 1000);

    internal void Stop() => _timer.Dispose();
}
