namespace GreenThreads.Tests;

/// <summary>
/// One row of the table: a primitive of the framework, closed at first. Somebody who waits gets through once another party lets go. For a lock that party
/// must hold it before.
/// </summary>
internal abstract class WaitPrimitive
{
    /// <summary>Whether <see cref="LetGo"/> lets one waiter through and no more. What opens for all, for ever, says no.</summary>
    internal virtual bool LetsOneThrough => false;

    /// <summary>Whether who is through holds it until <see cref="Done"/>, and the other party until <see cref="LetGo"/>.</summary>
    internal virtual bool IsLock => false;

    /// <summary>Whether those who are through keep all others out, those of their own kind included.</summary>
    internal virtual bool IsExclusive => IsLock || LetsOneThrough;

    /// <summary>Whether what ends the other party ends those who wait for it, too.</summary>
    internal virtual bool SharesFailures => false;

    /// <summary>Whether the end of its group takes a green thread out of the wait. Nobody is thrown out of the entry of a lock.</summary>
    internal virtual bool EndsWithGroup => true;

    internal virtual bool HasTimeout => true;

    internal virtual bool HasToken => false;

    /// <summary>The other party, before anybody waits.</summary>
    internal virtual void Hold()
    {
    }

    /// <summary>The other party.</summary>
    internal abstract void LetGo();

    internal abstract void Wait();

    /// <summary>Returns false if the time passed first.</summary>
    internal virtual bool Wait(TimeSpan timeout) => throw new NotSupportedException();

    internal virtual void Wait(CancellationToken token) => throw new NotSupportedException();

    /// <summary>Whoever is through gives back what it holds.</summary>
    internal virtual void Done()
    {
    }

    /// <summary>Whoever is through makes room for the next.</summary>
    internal void PassOn()
    {
        if (IsLock)
            Done();
        else
            LetGo();
    }
}

/// <summary>What a row is made for.</summary>
/// <param name="Waiters">How many will wait at once.</param>
/// <param name="StartOther">Starts something on a thread of the other party's kind.</param>
internal sealed record WaitSetup(int Waiters, Action<Action> StartOther);
