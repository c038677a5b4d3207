namespace GreenThreads;

// A link between two green threads: a node among the joiners of each, which tells the other one.
//
// Whoever ends first decides, by one compare-exchange (TryBreak), also when both end at the same moment on different schedulers: the signal goes one way. It is
// given under the gate of the one that ends, where nothing else may be locked but what a wake-up locks; so the node that lies with the other one stays there, and is
// taken out when the gate is free again (GreenThread.End calls RemoveAll).
//
// Order of locks: the gate of a link, then the lock of a dictionary or the gate of a green thread. A node's Wake takes none of them.
internal sealed class Link
{
    private readonly Ending _one;
    private readonly Ending _other;

    // Guards the steps into and out of both dictionaries and the lists of joiners, save the one out of a list at the end of a green thread.
    private SpinGate _gate;
    private int _isBroken;

    private Link(GreenThread one, GreenThread other)
    {
        _one = new Ending(this, one, other);
        _other = new Ending(this, other, one);
    }

    /// <summary>Links two, unless they are.</summary>
    internal static void Establish(GreenThread one, GreenThread other)
    {
        // There is nobody left to tell.
        if (one.State == GreenThreadState.Ended && other.State == GreenThreadState.Ended)
            return;
        (GreenThread first, GreenThread second) = InOrder(one, other);
        if (first.Links.Find(second) is null)
            new Link(first, second).Join();
    }

    /// <summary>The link between two; null if there is none.</summary>
    internal static Link? Find(GreenThread one, GreenThread other)
    {
        (GreenThread first, GreenThread second) = InOrder(one, other);
        return first.Links.Find(second);
    }

    /// <summary>Takes it away. When it returns, either no signal will come or it has come.</summary>
    /// <returns>False if an end has come first.</returns>
    internal bool Dissolve()
    {
        bool isFirst = TryBreak();
        if (!isFirst)
        {
            _one.Thread.WaitUntilEndIsTold();
            _other.Thread.WaitUntilEndIsTold();
        }
        Remove();
        return isFirst;
    }

    /// <summary>Leaves nothing of a broken link behind. Any thread, any number of times.</summary>
    internal void Remove()
    {
        using (_gate.Enter())
        {
            _one.Leave();
            _other.Leave();
            // The first one's entry at last: while it is there, nobody makes another link of the two.
            _other.Thread.Links.Remove(_one.Thread, this);
            _one.Thread.Links.Remove(_other.Thread, this);
        }
    }

    // By identifier, so that two who link the same two meet.
    private static (GreenThread First, GreenThread Second) InOrder(GreenThread one, GreenThread other) => one.Id < other.Id ? (one, other) : (other, one);

    private void Join()
    {
        Ending? ended;
        using (_gate.Enter())
        {
            if (!_one.Thread.Links.TryAdd(_other.Thread, this))
                return; // Somebody else has just linked the two.
            _other.Thread.Links.TryAdd(_one.Thread, this);
            ended = !_one.Thread.TryAddJoiner(_one) ? _one : !_other.Thread.TryAddJoiner(_other) ? _other : null;
            ended?.Wake(); // In here, so that who dissolves the link waits for it.
        }
        if (ended is not null)
            Remove();
    }

    private bool TryBreak() => Interlocked.Exchange(ref _isBroken, 1) == 0;

    /// <summary>The end of one of the two, as the other one is to learn of it.</summary>
    private sealed class Ending(Link link, GreenThread thread, GreenThread partner) : WaitNode
    {
        internal GreenThread Thread => thread;

        internal override void Wake()
        {
            if (!link.TryBreak())
                return;
            if (partner.LinkTrap is { } trap)
                trap(thread);
            else
                Cancel(thread.PeekEnd());
        }

        /// <summary>Leaves the list of joiners; under the link's gate.</summary>
        internal void Leave()
        {
            if (IsInList)
                thread.TryRemoveJoiner(this);
        }

        // No text of the exception's own: that is a user's code.
        private void Cancel(GreenThreadEnd end)
        {
            if (end.Kind == GreenThreadEndKind.Returned)
                return;
            string name = thread.Name is { } given ? $"{given} ({thread.Id})" : $"green thread {thread.Id}";
            // What has cancelled a whole chain of linked ones stands once in the exception of each.
            Exception? cause = end.Kind == GreenThreadEndKind.Canceled ? thread.CancelReason?.Cause ?? end.Exception : end.Exception;
            string what = end.Kind == GreenThreadEndKind.Canceled ? "was cancelled" : $"failed with {end.Exception!.GetType().Name}";
            partner.Cancel(new CancelReason($"linked {name} {what}", cause));
        }
    }
}
