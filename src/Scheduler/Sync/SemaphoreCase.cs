namespace GreenThreads;

/// <summary>A permit of a semaphore, which belongs to the caller when the case is chosen.</summary>
internal sealed class SemaphoreCase(GreenSemaphore semaphore) : SelectCase
{
    internal override GreenPrimitive Primitive => semaphore;

    public override string ToString() => $"permit of {semaphore}";

    internal override bool TryTakeLocked(out WaitNode? toWake)
    {
        toWake = null;
        return semaphore.TryTakeLocked();
    }

    internal override WaitNode? AddLocked()
    {
        semaphore.AddWaiterLocked(this);
        return null;
    }

    internal override void RemoveLocked() => semaphore.RemoveWaiterLocked(this);
}
