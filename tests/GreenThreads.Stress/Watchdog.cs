namespace GreenThreads.Stress;

/// <summary>
/// One line a second, so that a hang shows where it began; and the end of the process with all that is known when somebody has not moved for long.
/// Time is counted in looks: if the machine stands still, nobody is blamed.
/// </summary>
internal sealed class Watchdog
{
    // After a failed check others may wait for the one that failed, for ever.
    private const int PatienceAfterFailure = 5;

    private const int NamedAtMost = 20;

    private readonly World _world;
    private readonly Collector _collector;
    private readonly int _patience;
    private readonly string _seeds;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Dictionary<Party, (long Count, int Looks)> _seen = [];

    internal Watchdog(World world, Collector collector, int patience, string seeds)
    {
        _world = world;
        _collector = collector;
        _patience = patience;
        _seeds = seeds;
        _thread = new Thread(Run) { IsBackground = true, Name = "watchdog" };
        _thread.Start();
    }

    internal void Stop()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.Wait(TimeSpan.FromSeconds(1)))
        {
            Console.WriteLine($"  {_world.Name}: {_world.Summary}, {_collector.Forced} forced collections");
            List<Party> stalled = FindStalled(_world.Failures.IsEmpty ? _patience : Math.Min(_patience, PatienceAfterFailure));
            if (stalled.Count > 0)
                Report(stalled);
        }
    }

    private List<Party> FindStalled(int patience)
    {
        var stalled = new List<Party>();
        IReadOnlyList<Party> parties = _world.Parties;
        foreach (Party party in parties)
        {
            long count = party.Count;
            bool isKnown = _seen.TryGetValue(party, out (long Count, int Looks) seen) && seen.Count == count;
            _seen[party] = (count, isKnown ? seen.Looks + 1 : 0);
            if (isKnown && !party.IsDone && seen.Looks + 1 >= patience)
                stalled.Add(party);
        }
        if (_seen.Count > 2 * parties.Count + 100)
            _seen.Clear();
        return stalled;
    }

    private void Report(List<Party> stalled)
    {
        Console.WriteLine($"HANG in {_world.Name}: {stalled.Count} of {_world.Parties.Count} have not moved for {_patience} s; {_seeds}");
        foreach (Party party in stalled.Take(NamedAtMost))
            Console.WriteLine($"  {party.Name}: {party.Count} rounds, {party.State}");
        foreach (SchedulerGroup group in _world.Groups)
            Console.Write(SnapshotText.Full(group));
        foreach (string failure in _world.Failures.Take(10))
            Console.WriteLine(failure);
        Console.WriteLine($"FAILED with {_seeds}");
        Console.Out.Flush();
        Environment.Exit(1);
    }
}
