namespace GreenThreads;

// Children of scopes.
public sealed partial class SchedulerGroup
{
    /// <summary>Spawns a child of a scope.</summary>
    /// <exception cref="ObjectDisposedException">The scope has been disposed of.</exception>
    internal GreenThread SpawnIn(GreenScope scope, Action body, in SpawnOptions options)
    {
        Scheduler? here = SchedulerOfCaller;
        var thread = new GreenThread(this, body, options, TakeId(here));
        StartIn(scope, thread, here);
        return thread;
    }

    /// <inheritdoc cref="SpawnIn"/>
    internal GreenThread<T> SpawnIn<T>(GreenScope scope, Func<T> body, in SpawnOptions options)
    {
        Scheduler? here = SchedulerOfCaller;
        var thread = new GreenThread<T>(this, body, options, TakeId(here));
        StartIn(scope, thread, here);
        return thread;
    }

    private void StartIn(GreenScope scope, GreenThread thread, Scheduler? here)
    {
        if (!scope.TryEnter(thread))
            return;
        try
        {
            Start(thread, here);
        }
        catch
        {
            scope.Withdraw(thread);
            throw;
        }
    }
}
