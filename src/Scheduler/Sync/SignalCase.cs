namespace GreenThreads;

/// <summary>A signal of the system, which nobody else gets when the case is chosen.</summary>
internal sealed class SignalCase(GreenSignal signal) : SelectCase
{
    internal override GreenPrimitive Primitive => signal;

    public override string ToString() => signal.ToString();

    internal override bool TryTakeLocked(out WaitNode? toWake)
    {
        toWake = null;
        return signal.TryTakeLocked();
    }

    internal override WaitNode? AddLocked()
    {
        signal.AddWaiterLocked(this);
        return null;
    }

    internal override void RemoveLocked() => signal.RemoveWaiterLocked(this);

    internal override void Complete() => signal.ThrowIfDisposed();
}
