namespace GreenThreads;

/// <summary>
/// What <see cref="GreenThread.Await(Task, CancellationToken)"/> lets a task capture: everything that is posted here runs at once, on the thread that completes
/// the task. It is only ever given <see cref="Waiter.WakeAction"/>, which neither blocks nor runs anybody's code.
/// </summary>
internal sealed class WakeContext : BlockingContext
{
    internal static new WakeContext Instance { get; } = new();

    public override void Post(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;
}
