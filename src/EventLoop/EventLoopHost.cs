namespace GreenThreads;

// What the event loop needs to know of the schedulers above it, so that this folder need not refer to theirs. The scheduler installs the one
// host from its module initializer, before any other code of the assembly runs.
internal abstract class EventLoopHost
{
    private static EventLoopHost? s_current;

    internal static EventLoopHost Current => s_current ?? throw new InvalidOperationException("no event loop host is installed");

    /// <summary>The green thread that runs the calling code, or null on a plain OS thread.</summary>
    internal abstract Waiter? CurrentGreenThread { get; }

    /// <summary>The event loop of the calling green thread's scheduler; on a plain OS thread, that of the default group.</summary>
    internal abstract EventLoop LoopOfCaller { get; }

    /// <summary>
    /// The ring of the scheduler whose OS thread the caller runs on, if it has one: for green threads, until their next park. Null on a plain OS thread.
    /// </summary>
    internal abstract SocketRing? RingOfCaller { get; }

    /// <summary>
    /// Called before each operation. A green thread whose operations never have to wait would otherwise keep its scheduler for itself: it yields when its budget is
    /// spent. Parks now and then, and throws if the green thread is cancelled, so nothing must have been taken yet; does nothing on a plain OS thread.
    /// </summary>
    internal abstract void SpendBudget();

    /// <summary>Where a blocking call of the calling green thread is to be made; null if by itself, as by a plain OS thread. Does not park.</summary>
    /// <exception cref="GreenThreadCanceledException">It is cancelled.</exception>
    internal abstract WorkPool? BeginBlockingCall();

    internal static void Install(EventLoopHost host) => s_current = host;
}
