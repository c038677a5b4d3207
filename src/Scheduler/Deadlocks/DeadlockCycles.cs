namespace GreenThreads;

// Cycles in the graph of who waits for whom. Its edges lead from a waiter to the owner of what it waits for, as far as that is known; nearly all have one edge or none,
// and only a select has several. A depth-first search meets each cycle where it comes upon somebody who is on its path; with several edges it may miss some that
// share a part with another. No recursion: a hundred thousand may wait for each other in one row.
internal static class DeadlockCycles
{
    internal static List<List<Waiter>> Find(IReadOnlyList<Waiter> waiters)
    {
        var cycles = new List<List<Waiter>>();
        var places = new Dictionary<Waiter, int>(waiters.Count); // On the path; -1 once done.
        var path = new List<(Waiter Waiter, Queue<Waiter> Owners)>();
        foreach (Waiter start in waiters)
        {
            if (places.ContainsKey(start))
                continue;
            Enter(start);
            while (path.Count != 0)
            {
                (Waiter current, Queue<Waiter> owners) = path[^1];
                if (!owners.TryDequeue(out Waiter? owner))
                {
                    places[current] = -1;
                    path.RemoveAt(path.Count - 1);
                }
                else if (!places.TryGetValue(owner, out int place))
                {
                    Enter(owner);
                }
                else if (place >= 0)
                {
                    cycles.Add([.. path[place..].Select(static step => step.Waiter)]);
                }
            }
        }
        return cycles;

        void Enter(Waiter waiter)
        {
            places.Add(waiter, path.Count);
            path.Add((waiter, OwnersFor(waiter)));
        }
    }

    private static Queue<Waiter> OwnersFor(Waiter waiter)
    {
        var targets = new List<object>();
        DeadlockLook.TryCopyTargets(waiter, targets);
        return new Queue<Waiter>(targets.SelectMany(DeadlockTarget.OwnersOf));
    }
}
