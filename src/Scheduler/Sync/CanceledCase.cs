namespace GreenThreads;

/// <summary>A token is cancelled.</summary>
internal sealed class CanceledCase(CancellationToken cancellationToken) : SelectCase
{
    private CancellationTokenRegistration _registration;

    internal override bool MayEndFromElsewhere => cancellationToken.CanBeCanceled;

    public override string ToString() => "cancellation of a token";

    internal override bool IsReady() => cancellationToken.IsCancellationRequested;

    internal override bool Arm(Waiter waiter)
    {
        _registration = cancellationToken.UnsafeRegister(static state => ((Waiter)state!).Wake(), waiter);
        return IsReady();
    }

    internal override void Disarm()
    {
        // Not Dispose, which waits for a callback that runs: it only wakes, and late it does no harm.
        _registration.Unregister();
        _registration = default;
    }
}
