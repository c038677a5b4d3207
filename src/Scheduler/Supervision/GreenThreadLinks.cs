namespace GreenThreads;

/// <summary>The links of one green thread, for <see cref="GreenThread.Unlink(GreenThread)"/> and for the clean-up at its end; what they do when the other ends.</summary>
internal sealed class GreenThreadLinks
{
    // Guards the dictionary. Nothing else is locked in it.
    private readonly NoParkLock _lock = new();
    private readonly Dictionary<GreenThread, Link> _links = [];

    /// <summary>What is called with a linked green thread that has ended, instead of the cancellation. It runs under a gate: see <see cref="WaitNode.Wake"/>.</summary>
    internal Action<GreenThread>? Trap
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    internal int Count
    {
        get
        {
            using (_lock.Enter())
                return _links.Count;
        }
    }

    internal bool TryAdd(GreenThread partner, Link link)
    {
        using (_lock.Enter())
            return _links.TryAdd(partner, link);
    }

    internal Link? Find(GreenThread partner)
    {
        using (_lock.Enter())
            return _links.GetValueOrDefault(partner);
    }

    /// <summary>Takes out this very link, and not one that was made after it.</summary>
    internal void Remove(GreenThread partner, Link link)
    {
        using (_lock.Enter())
        {
            if (_links.GetValueOrDefault(partner) == link)
                _links.Remove(partner);
        }
    }

    /// <summary>Its green thread has ended, and has told everybody: nothing of it may stay with those who live on.</summary>
    internal void RemoveAll()
    {
        Trap = null; // It keeps a mailbox alive.
        Link[] links;
        using (_lock.Enter())
            links = [.. _links.Values];
        foreach (Link link in links)
            link.Remove();
    }
}
