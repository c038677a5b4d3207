using System.Runtime.CompilerServices;

namespace GreenThreads;

// The word that decides who may run a green thread.
//
//   Active          running, queued, on its way off its stack, or not started yet; owned by whoever runs it or by the one queue that holds it
//   Active+token    the same, and somebody woke it: the next park returns at once, or the one that is under way ends
//   Parked          off its stack; owned by whoever wakes it
//   Ended           its body has returned
//
//   Active+token   -> Active          TryBeginPark fails     the green thread itself: the token is taken, the park returns
//   Active         -> Parked          TryCompletePark        the scheduler, on the other side of the switch (DESIGN.md §2 rule 4)
//   Active+token   -> Active          TryCompletePark fails  woken on the way; the scheduler must make it runnable
//   Parked         -> Active          Wake returns true; the caller must make it runnable
//   Active         -> Active+token    Wake returns false
//
// Rejected:
//   - Separate states for running and runnable. Nobody decides anything by the difference, and it costs two locked operations a yield.
//   - A state Parking between the call and the switch: nobody decides anything by that either, and it costs a locked operation a park.
internal struct ParkState<TAtomics>
    where TAtomics : struct, IAtomics
{
    private const int Active = 0;
    private const int Parked = 2;
    private const int Ended = 4;
    private const int Token = 1;

    private int _word;

    internal readonly bool IsParked => Volatile.Read(in _word) == Parked;

    internal readonly bool IsEnded => Volatile.Read(in _word) == Ended;

    /// <summary>The green thread itself, about to park.</summary>
    /// <returns>False if there was a token, which is gone now: do not park.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryBeginPark()
    {
        if (TAtomics.Read(ref _word) == Active)
            return true; // Without a fence: a wake that is not seen here is seen by TryCompletePark.
        // Active+token. A full fence, not a plain store: the caller now looks at what it waits for, and if it does not see that, the wake for it must
        // come after this and leave a new token. A store that is delayed beyond that wake would erase it (WakeUpLitmusTests).
        TAtomics.Exchange(ref _word, Active);
        return false;
    }

    /// <summary>The scheduler, once the green thread's registers are saved.</summary>
    /// <returns>False if it was woken meanwhile; the caller must make it runnable.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryCompletePark()
    {
        if (TAtomics.CompareExchange(ref _word, Parked, Active) == Active)
            return true;
        TAtomics.Exchange(ref _word, Active); // Full fence, as in TryBeginPark.
        return false;
    }

    /// <summary>Any thread, any number of times.</summary>
    /// <returns>True if it was parked; the caller must make it runnable.</returns>
    internal bool Wake()
    {
        int word = TAtomics.Read(ref _word);
        while (true)
        {
            int wanted = word switch
            {
                Parked => Active,
                Active => Active | Token,
                _ => word,
            };
            // A compare-exchange even when nothing changes: whoever finds the token there has still published what it woke for.
            int found = TAtomics.CompareExchange(ref _word, wanted, word);
            if (found == word)
                return word == Parked;
            word = found;
        }
    }

    internal void End() => TAtomics.Write(ref _word, Ended);

    public override readonly string ToString() => _word switch
    {
        Active => "Active",
        Active | Token => "Active+token",
        Parked => "Parked",
        _ => "Ended",
    };
}
