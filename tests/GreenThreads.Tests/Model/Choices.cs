namespace GreenThreads.Tests;

/// <summary>Decides what happens next, where several things may.</summary>
internal interface IChoices
{
    /// <summary>The index of one of the actions.</summary>
    /// <param name="actions">What may happen, two ways at least.</param>
    /// <param name="canStay">Whether the first is that the running thread goes on.</param>
    int Choose(ReadOnlySpan<int> actions, bool canStay);
}

/// <summary>All ways, one after the other: the last decision that has a further way takes it, those before it stay.</summary>
internal sealed class DepthFirstChoices : IChoices
{
    private readonly List<(int Chosen, int Ways)> _decisions = [];
    private int _depth;

    public int Choose(ReadOnlySpan<int> actions, bool canStay)
    {
        if (_depth == _decisions.Count)
            _decisions.Add((0, actions.Length));
        (int chosen, int ways) = _decisions[_depth++];
        if (ways != actions.Length)
            throw new InvalidOperationException("the world is not the same each time");
        return chosen;
    }

    /// <summary>Goes to the next way.</summary>
    /// <returns>False if that was the last.</returns>
    internal bool MoveNext()
    {
        _decisions.RemoveRange(_depth, _decisions.Count - _depth);
        _depth = 0;
        while (_decisions.Count > 0)
        {
            (int chosen, int ways) = _decisions[^1];
            if (chosen + 1 < ways)
            {
                _decisions[^1] = (chosen + 1, ways);
                return true;
            }
            _decisions.RemoveAt(_decisions.Count - 1);
        }
        return false;
    }
}

/// <summary>Any way. Some worlds run long stretches of each thread, some switch at every other step, so that both kinds of faults have a chance.</summary>
internal sealed class RandomChoices(int seed) : IChoices
{
    private readonly Random _random = new(seed);
    private int _stay;

    /// <summary>To be called before each world.</summary>
    internal void Begin() => _stay = 1 << _random.Next(1, 6);

    public int Choose(ReadOnlySpan<int> actions, bool canStay) => canStay && _random.Next(_stay) != 0 ? 0 : _random.Next(actions.Length);
}

/// <summary>The way of a schedule, step by step; when it ends, the first one.</summary>
internal sealed class ReplayChoices(Schedule schedule, Schedule soFar) : IChoices
{
    public int Choose(ReadOnlySpan<int> actions, bool canStay)
    {
        if (soFar.Count >= schedule.Count)
            return 0;
        int index = actions.IndexOf(schedule[soFar.Count]);
        return index >= 0 ? index : throw new InvalidOperationException($"the schedule does not fit at its action {soFar.Count}");
    }
}
