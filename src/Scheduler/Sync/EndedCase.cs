using System.Diagnostics;

namespace GreenThreads;

/// <summary>A green thread has ended.</summary>
internal sealed class EndedCase(GreenThread thread) : SelectCase
{
    private bool _isArmed;

    internal override object Target => thread;

    internal override bool MayEndFromElsewhere => false;

    public override string ToString() => $"end of {thread}";

    internal override Deadline Begin()
    {
        if (ReferenceEquals(thread, GreenThread.Current))
            throw new InvalidOperationException("a green thread cannot wait for its own end");
        return Deadline.Never;
    }

    internal override bool IsReady() => thread.ParkState.IsEnded;

    internal override bool Arm(Waiter waiter)
    {
        Debug.Assert(!_isArmed, "armed once for each select");
        _isArmed = thread.TryAddJoiner(this);
        return !_isArmed;
    }

    internal override void Disarm()
    {
        if (_isArmed)
            thread.TryRemoveJoiner(this);
        _isArmed = false;
    }
}
