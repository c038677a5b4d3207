namespace GreenThreads.Tests;

/// <summary>
/// Children of supervisors that do what the test says, and tell in which order they start ("+name") and end ("-name"). Each has begun when its start function returns.
/// </summary>
internal sealed class ScriptedChildren
{
    private readonly Mailbox<string> _events = new();
    private readonly Mailbox<(string Child, string Command)> _commands = new();
    private readonly HashSet<string> _unstartable = [];

    /// <summary>A child that waits for a command: "crash" or "return".</summary>
    internal ChildSpecification Child(string name, RestartKind restart = RestartKind.Permanent) =>
        ChildSpecification.StartedBy(name, () => StartChild(name)) with { Restart = restart, ShutdownTimeout = Timeout.InfiniteTimeSpan };

    internal ChildSpecification[] Children(params string[] names) => [.. names.Select(name => Child(name))];

    /// <summary>Tells a child what to do.</summary>
    internal void Tell(string child, string command) => _commands.Send((child, command));

    /// <summary>From now on a child can, or cannot, be started.</summary>
    internal void SetStartable(string child, bool isStartable)
    {
        lock (_unstartable)
        {
            if (isStartable)
                _unstartable.Remove(child);
            else
                _unstartable.Add(child);
        }
    }

    /// <summary>Waits for exactly these events, in this order.</summary>
    internal void Expect(params string[] events)
    {
        foreach (string expected in events)
        {
            Assert.True(_events.TryReceive(out string? found, TimeLimit.Generous), $"{expected} never came");
            Assert.Equal(expected, found);
        }
    }

    internal void ExpectNothing() => Assert.Equal(0, _events.Count);

    private GreenThread StartChild(string name)
    {
        lock (_unstartable)
        {
            if (_unstartable.Contains(name))
            {
                _events.Send("!" + name);
                throw new InvalidDataException($"{name} cannot be started");
            }
        }
        _events.Send("+" + name);
        var begun = new TaskCompletionSource();
        GreenThread thread = GreenThread.Spawn(() => Run(name, begun), name);
        GreenThread.Await(begun.Task);
        return thread;
    }

    private void Run(string name, TaskCompletionSource begun)
    {
        try
        {
            begun.SetResult();
            if (_commands.Receive(command => command.Child == name).Command == "crash")
                throw new FormatException($"{name} has crashed");
        }
        finally
        {
            _events.Send("-" + name);
        }
    }
}
