namespace GreenThreads;

// Descriptors of ours, by number: somebody may wait for one by its number (EventLoop.WaitReadable) in another loop than the one where its owner has registered
// it. The kernel forgets that registration without a word when the descriptor is closed, so the owner's close has to tell:
//
//   guest   owned = Find -> poll(2) says "not yet" -> registers its interest in its loop -> full fence -> owned is closed? then it gives up
//   owner   closed -> full fence -> looks for interests of that number in all loops, and closes them -> close(2) -> out of this table
//
// One of the two sees the other; and who finds nothing in the table any more is told by poll(2) that the number is not open.

/// <summary>The interests of all descriptors of ours that are open, and all loops.</summary>
internal static class OwnedInterests
{
    // Guards both when written; they are read without it.
    private static SpinGate s_gate;
    private static Interest?[] s_interests = new Interest?[64];
    private static EventLoop[] s_loops = [];

    /// <summary>That of a descriptor, if it is ours.</summary>
    internal static Interest? Find(int descriptor)
    {
        Interest?[] interests = Volatile.Read(ref s_interests);
        return (uint)descriptor < (uint)interests.Length ? Volatile.Read(ref interests[descriptor]) : null;
    }

    /// <summary>The descriptor has just been opened.</summary>
    internal static void Add(Interest interest)
    {
        int descriptor = interest.Descriptor;
        using (s_gate.Enter())
        {
            if (descriptor >= s_interests.Length)
            {
                var larger = new Interest?[Math.Max(descriptor + 1, s_interests.Length * 2)];
                s_interests.CopyTo(larger, 0);
                Volatile.Write(ref s_interests, larger);
            }
            Volatile.Write(ref s_interests[descriptor], interest);
        }
    }

    /// <summary>The descriptor was closed. Its number may belong to another by now.</summary>
    internal static void Remove(Interest interest)
    {
        using (s_gate.Enter())
        {
            if (s_interests[interest.Descriptor] == interest)
                s_interests[interest.Descriptor] = null;
        }
    }

    internal static void Add(EventLoop loop)
    {
        using (s_gate.Enter())
            Volatile.Write(ref s_loops, [.. s_loops, loop]);
    }

    internal static void Remove(EventLoop loop)
    {
        using (s_gate.Enter())
            Volatile.Write(ref s_loops, Array.FindAll(s_loops, other => other != loop));
    }

    /// <summary>The epoll sets of all loops.</summary>
    internal static HashSet<int> PollDescriptors() => [.. Volatile.Read(ref s_loops).Select(static loop => loop.PollDescriptor)];

    /// <summary>Lets all know who wait for the number of a descriptor that is about to be closed. Not under a gate.</summary>
    internal static void CloseGuestsOf(Interest closed)
    {
        Interlocked.MemoryBarrier(); // Pairs with the one of a guest that has just registered.
        foreach (EventLoop loop in Volatile.Read(ref s_loops))
            loop.CloseGuest(closed.Descriptor);
    }
}
