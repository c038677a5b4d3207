namespace GreenThreads.Tests;

/// <summary>On what kind of thread a contract's tests run: a derived class says it.</summary>
public abstract class ThreadContract
{
    /// <summary>Runs the body to its end, rethrows what it throws, and fails if it hangs.</summary>
    protected virtual void Run(Action body) => Start(body).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

    /// <summary>Starts the body beside the caller; the task completes or fails with it.</summary>
    protected abstract Task Start(Action body);

    /// <summary>Lets others run.</summary>
    protected abstract void Yield();

    /// <summary>Waits for the end of what <see cref="Start"/> started, from inside a body.</summary>
    protected void Join(params Task[] tasks)
    {
        WaitUntil(() => tasks.All(task => task.IsCompleted));
        foreach (Task task in tasks)
            task.GetAwaiter().GetResult();
    }

    /// <summary>Waits for a condition that is sure to come.</summary>
    protected void WaitUntil(Func<bool> condition)
    {
        Deadline limit = Deadline.After(TimeLimit.Generous);
        while (!condition())
        {
            if (limit.HasPassed)
                throw new TimeoutException("the condition never came");
            Yield();
        }
    }

    private protected void WaitUntilSomebodyWaits(PolledDescriptor descriptor, WaitDirection direction) =>
        WaitUntil(() => descriptor.Interest.HasWaiters(direction));
}
