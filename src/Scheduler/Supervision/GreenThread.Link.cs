using System.Runtime.CompilerServices;

namespace GreenThreads;

// Links and monitors: what the end of a green thread tells others. The work is done by nodes among its joiners (Link, EndNotice).
public partial class GreenThread
{
    // Null for all that were never linked and trap nothing.
    private GreenThreadLinks? _links;

    /// <summary>
    /// Links the calling green thread with another, in both directions: if one of the two ends by an exception, or cancelled, the other is cancelled, with that
    /// exception as the cause; if its body returns, nothing happens. If the other one has failed already, the caller is cancelled at once. Two are linked
    /// once at most, and nobody with itself. Does not park.
    /// </summary>
    /// <param name="other">Whom to link with; of any group.</param>
    /// <exception cref="ArgumentNullException">There is no other.</exception>
    /// <exception cref="InvalidOperationException">The calling code runs on no green thread: an OS thread cannot be cancelled.</exception>
    public static void Link(GreenThread other) => Link(CurrentToLink, other);

    /// <summary>The same for two others. Any thread; does not park.</summary>
    /// <param name="one">One of them.</param>
    /// <param name="other">The other.</param>
    /// <exception cref="ArgumentNullException">One of the two is missing.</exception>
    public static void Link(GreenThread one, GreenThread other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (one != other)
            GreenThreads.Link.Establish(one, other);
    }

    /// <summary>
    /// Takes the link between the calling green thread and another away. An end that comes after this has returned does nothing to the other one; what came
    /// before has been told. Does not park.
    /// </summary>
    /// <param name="other">With whom it may be linked.</param>
    /// <returns>False if they were not linked.</returns>
    /// <exception cref="ArgumentNullException">There is no other.</exception>
    /// <exception cref="InvalidOperationException">The calling code runs on no green thread.</exception>
    public static bool Unlink(GreenThread other) => Unlink(CurrentToLink, other);

    /// <summary>The same for two others. Any thread; does not park.</summary>
    /// <param name="one">One of them.</param>
    /// <param name="other">The other.</param>
    /// <returns>False if they were not linked.</returns>
    /// <exception cref="ArgumentNullException">One of the two is missing.</exception>
    public static bool Unlink(GreenThread one, GreenThread other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return GreenThreads.Link.Find(one, other) is { } link && link.Dissolve();
    }

    /// <summary>Starts a green thread that is linked with the calling one, as by <see cref="Spawn(Action, string?, string, int)"/> and <see cref="Link(GreenThread)"/>.</summary>
    /// <inheritdoc cref="Spawn(Action, string?, string, int)"/>
    public static GreenThread SpawnLinked(Action body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        GreenThread self = CurrentToLink;
        GreenThread thread = self.Group.Spawn(body, name, file, line);
        Link(self, thread);
        return thread;
    }

    /// <summary>
    /// From now on the links of the calling green thread do not cancel it: whenever one that it is linked with ends, in whatever way, its mailbox gets a message.
    /// Erlang's trap_exit. Does not park.
    /// </summary>
    /// <param name="mailbox">Who gets the messages; if it is closed by then, they are dropped. A capacity does not hold them up.</param>
    /// <param name="makeMessage">Makes the message of an end. Runs where the message is received, and should not throw there.</param>
    /// <typeparam name="T">The type of the messages.</typeparam>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    /// <exception cref="InvalidOperationException">The calling code runs on no green thread.</exception>
    public static void TrapLinks<T>(Mailbox<T> mailbox, Func<GreenThreadEnd, T> makeMessage)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        ArgumentNullException.ThrowIfNull(makeMessage);
        CurrentToLink.Links.Trap = ended => mailbox.Deliver(new EndMessage<T>(ended, makeMessage));
    }

    /// <summary>Watches a green thread without being touched by its end: the handle tells how it ends. Any thread; does not park.</summary>
    /// <param name="thread">Whom to watch; it may have ended already.</param>
    /// <exception cref="ArgumentNullException">There is no green thread.</exception>
    public static GreenThreadMonitor Monitor(GreenThread thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        return new GreenThreadMonitor(thread);
    }

    /// <summary>
    /// The same, and its end puts a message into a mailbox; at once, if it has ended already. The message comes once, and not after the handle was disposed of.
    /// </summary>
    /// <param name="thread">Whom to watch.</param>
    /// <param name="mailbox">Who gets the message; if it is closed by then, the message is dropped. A capacity does not hold it up.</param>
    /// <param name="makeMessage">Makes the message of the end. Runs where the message is received, and should not throw there.</param>
    /// <typeparam name="T">The type of the messages.</typeparam>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    public static GreenThreadMonitor Monitor<T>(GreenThread thread, Mailbox<T> mailbox, Func<GreenThreadEnd, T> makeMessage)
    {
        ArgumentNullException.ThrowIfNull(thread);
        ArgumentNullException.ThrowIfNull(mailbox);
        ArgumentNullException.ThrowIfNull(makeMessage);
        var notice = new EndNotice<T>(mailbox, new EndMessage<T>(thread, makeMessage));
        var monitor = new GreenThreadMonitor(thread, notice);
        if (!thread.TryAddJoiner(notice))
            notice.Wake();
        return monitor;
    }

    /// <summary>How it has ended; to be asked only then. Its exception does not count as observed by that.</summary>
    internal GreenThreadEnd PeekEnd() => _failure is { } failure
        ? new GreenThreadEnd(this, failure.IsCancellation ? GreenThreadEndKind.Canceled : GreenThreadEndKind.Failed, failure.Exception)
        : new GreenThreadEnd(this, GreenThreadEndKind.Returned, null);

    /// <summary>The same, and its exception counts as observed.</summary>
    internal GreenThreadEnd TakeEnd()
    {
        _ = Observe();
        return PeekEnd();
    }

    /// <summary>Its links, made at the first call.</summary>
    internal GreenThreadLinks Links => _links ?? Interlocked.CompareExchange(ref _links, new GreenThreadLinks(), null) ?? _links;

    /// <summary>What its links do instead of cancelling it; null if they cancel it.</summary>
    internal Action<GreenThread>? LinkTrap => _links?.Trap;

    /// <summary>If it is just ending, returns when all its joiners have been told.</summary>
    internal void WaitUntilEndIsTold()
    {
        using (_gate.Enter())
        {
        }
    }

    private static GreenThread CurrentToLink =>
        Current ?? throw new InvalidOperationException("only a green thread has links: a plain OS thread could not be cancelled by one");
}
