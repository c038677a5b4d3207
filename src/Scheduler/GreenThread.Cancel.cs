using System.Runtime.CompilerServices;

namespace GreenThreads;

// Cancellation of one green thread: by its scope, by a link, by whoever has it. (That of a whole group is the group's: SchedulerGroup.Shutdown.)
//
// Whoever cancels writes the reason first and wakes then; the green thread looks at the reason before and after each park, and at each yield. It stays
// cancelled for ever: code that swallows the exception meets it again at its next park. Code that must wait all the same, to clean up, runs shielded.
public partial class GreenThread
{
    // Why it is cancelled; null as long as it is not. Written once.
    private volatile CancelReason? _cancelReason;

    // Regions of itself that must not be cancelled. Written by itself.
    private int _shields;

    /// <summary>
    /// Cancels it: its current or next park or yield throws <see cref="GreenThreadCanceledException"/>, and so does every further one; if it has not begun, it
    /// never does. That holds for every wait of this library, and in switched mode for waits of the framework that park, which end some 50 ms later; not for the entry
    /// of a lock, <c>Thread.Sleep</c> and spinning. Code in <see cref="RunShielded"/> is left alone. Any thread; does not park. Does nothing if it has ended or is
    /// cancelled already. What it has spawned goes on, unless it is in a <see cref="GreenScope"/>, which the exception leaves on its way.
    /// </summary>
    public void Cancel() => Cancel(CancelReason.Plain);

    /// <summary>Whether every further park throws.</summary>
    internal bool IsCanceled
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_cancelReason is not null || Group.IsCanceling) && IsCanceledSlow;
    }

    /// <summary>Why it was cancelled by itself and not with its group; null if it was not.</summary>
    internal CancelReason? CancelReason => _cancelReason;

    private bool IsCanceledSlow => _shields == 0 && (_cancelReason is not null || (Group.IsCanceling && !IsExempt));

    // Also while it is shielded.
    private bool IsCancelRequested => _cancelReason is not null || (Group.IsCanceling && !IsExempt);

    /// <summary>Cancels it for a reason.</summary>
    /// <returns>False if it was cancelled before, for another reason perhaps.</returns>
    internal bool Cancel(CancelReason reason)
    {
        if (Interlocked.CompareExchange(ref _cancelReason, reason, null) is not null) // Full fence: pairs with the wake-up token.
            return false;
        Wake();
        if (Scheduler is { } scheduler)
            scheduler.IsYieldDue = true;
        return true;
    }

    /// <summary>Throws if it is cancelled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ThrowIfCanceled()
    {
        if (IsCanceled)
            ThrowCanceled();
    }

    /// <summary>From here on, until the end of the region, parks of the calling green thread do not throw because it is cancelled. To be short.</summary>
    internal static Shielded Shield()
    {
        GreenThread? self = Current;
        if (self is not null)
            self._shields++;
        return new Shielded(self);
    }

    private void ThrowCanceled() =>
        throw (_cancelReason is { } reason ? reason.CreateException() : new GreenThreadCanceledException());

    /// <summary>A region that is shielded against cancellation. Use as: using (GreenThread.Shield()) { ... }</summary>
    internal readonly ref struct Shielded(GreenThread? thread)
    {
        public void Dispose()
        {
            if (thread is not null)
                thread._shields--;
        }
    }
}
