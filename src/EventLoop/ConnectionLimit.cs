using System.Diagnostics;

namespace GreenThreads;

// Counts the open connections of a listener. A place is taken before the accept and given back by the end of the connection's descriptor, or at once if there was
// no connection. Whoever finds no place waits at the listener's interest for its nudge:
//
//   acceptor:  seen = edges of Close (acquire)  ->  no place  ->  gate: edges == seen ?  link and park  :  try again
//   leaver:    count--, and it was full         ->  gate: edges++, wake all
//
// A leaver that did not find it full need not nudge: somebody else left since an acceptor found it full, and that one does.

/// <summary>How many connections of a listener are open, and how many may be.</summary>
internal sealed class ConnectionLimit(Interest listener)
{
    private int _open;
    private int _maximum = int.MaxValue;

    /// <summary>How many places are taken, by connections and by those who try to accept one at this moment.</summary>
    internal int Open => Volatile.Read(ref _open);

    /// <summary>How many there are. When it is lowered below what is open, those stay and there are no new ones.</summary>
    internal int Maximum
    {
        get => Volatile.Read(ref _maximum);
        set
        {
            Volatile.Write(ref _maximum, value);
            listener.Nudge();
        }
    }

    internal bool TryEnter()
    {
        while (true)
        {
            int open = Volatile.Read(ref _open);
            if (open >= Maximum)
                return false;
            if (Interlocked.CompareExchange(ref _open, open + 1, open) == open)
                return true;
        }
    }

    /// <summary>Gives a place back. Any thread, also the finalizer's.</summary>
    internal void Leave()
    {
        int before = Interlocked.Decrement(ref _open) + 1;
        Debug.Assert(before > 0, "who leaves had entered");
        if (before >= Maximum)
            listener.Nudge();
    }
}
