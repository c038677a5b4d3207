namespace GreenThreads;

// Calls that may be abandoned: they use nothing of the caller's but what the garbage collector keeps, so they may end later by themselves.
internal sealed partial class WorkPool
{
    /// <summary>Has a call made, and parks the caller until it has ended, but no longer than it wants.</summary>
    /// <param name="item">The call; new. If the caller gives up, it is made all the same where it has begun, and what it returns or throws is dropped.</param>
    /// <param name="caller">Whose it is: the calling thread, green or not.</param>
    /// <param name="deadline">Ends the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the caller has given up.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled.</exception>
    /// <exception cref="Exception">What the call threw.</exception>
    internal bool TryRun(WorkItem item, Waiter caller, Deadline deadline, CancellationToken cancellationToken)
    {
        Submit(item);
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((Waiter)state!).Wake(), caller);
        try
        {
            while (!item.HasEnded)
            {
                if (deadline.HasPassed || cancellationToken.IsCancellationRequested)
                {
                    TryWithdraw(item);
                    return false;
                }
                caller.ParkCore(deadline);
            }
        }
        catch
        {
            TryWithdraw(item);
            throw;
        }
        finally
        {
            registration.Unregister(); // Not Dispose, which waits for a wake-up that is under way: a late one does no harm.
        }
        item.ThrowIfFailed();
        return true;
    }
}
