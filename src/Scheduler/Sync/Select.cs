using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Waits for the first of several things: items and room in channels, permits, signals, the ends of green threads and tasks, times, tokens, descriptors. Exactly
/// one of them happens: the one whose index is returned. An item, a permit or a signal of another case stays where it is.
/// </summary>
/// <remarks>
/// <para>Each of the methods that create cases allocates one; make them before a loop and use them in each round, which then allocates nothing. If several cases are ready, each
/// has the same chance. From any thread: green threads park, plain OS threads block.</para>
/// <code>
/// ReceiveCase&lt;int&gt; next = Select.Receive(numbers);
/// SelectCase quiet = Select.After(TimeSpan.FromSeconds(1));
/// while (true)
/// {
///     switch (Select.Wait(next, quiet))
///     {
///         case 0 when next.HasValue: Use(next.Value); break;
///         case 0: return; // numbers is completed
///         case 1: Console.WriteLine("nothing for a second"); break;
///     }
/// }
/// </code>
/// </remarks>
public static class Select
{
    /// <summary>Waits until one of the cases happens. Parks.</summary>
    /// <param name="cases">What to wait for. Null stands for a case that never happens; if there is no other, the wait is for ever.</param>
    /// <returns>The index of the case that has happened.</returns>
    /// <exception cref="InvalidOperationException">
    /// A case is in use: by another select, or twice by this one. Or a green thread waits for its own end.
    /// </exception>
    /// <exception cref="System.Threading.Channels.ChannelClosedException">The case that has happened sends, and its channel is completed.</exception>
    /// <exception cref="ObjectDisposedException">A handle, a socket or a <see cref="GreenSignal"/> of a case is disposed of.</exception>
    /// <exception cref="SystemCallException">A descriptor of a case is not open, or cannot be registered.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled. Nothing has happened.</exception>
    public static int Wait(params ReadOnlySpan<SelectCase?> cases) => SelectWait.Current.Run(cases, mayWait: true);

    /// <summary>Looks whether one of the cases can happen at once, and lets it happen. Does not wait, but lets other green threads run now and then.</summary>
    /// <param name="cases">What to look at. Null stands for a case that never happens.</param>
    /// <returns>The index of the case that has happened; -1 if none could.</returns>
    /// <inheritdoc cref="Wait"/>
    public static int Try(params ReadOnlySpan<SelectCase?> cases) => SelectWait.Current.Run(cases, mayWait: false);

    /// <summary>An item of a channel, or its end: completed, and all items received.</summary>
    /// <param name="channel">The channel.</param>
    /// <exception cref="ArgumentNullException">There is no channel.</exception>
    public static ReceiveCase<T> Receive<T>(GreenChannel<T> channel) => new(channel);

    /// <summary>Sends an item to a channel that has room for it, or a receiver.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="value">The item.</param>
    /// <exception cref="ArgumentNullException">There is no channel.</exception>
    public static SendCase<T> Send<T>(GreenChannel<T> channel, T value) => new(channel, value);

    /// <summary>A time has passed since the select began; each select counts anew. For a time over several selects there is <see cref="Elapsed"/>.</summary>
    /// <param name="time">How long; zero is ready at once, <see cref="Timeout.InfiniteTimeSpan"/> never.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    public static SelectCase After(TimeSpan time) => new TimeCase(time, isFixed: false);

    /// <summary>A time has passed since this call; from then on it is ready in each select.</summary>
    /// <param name="time">How long; zero is ready at once, <see cref="Timeout.InfiniteTimeSpan"/> never.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    public static SelectCase Elapsed(TimeSpan time) => new TimeCase(time, isFixed: true);

    /// <summary>A task has completed, in whichever way; the caller then asks the task for its result. A case that is used for several selects may stay registered with the task until it is collected.</summary>
    /// <param name="task">The task.</param>
    /// <exception cref="ArgumentNullException">There is no task.</exception>
    public static SelectCase Completed(Task task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return new TaskCase(task);
    }

    /// <summary>A green thread has ended, in whichever way; the caller then joins it for its failure or its result.</summary>
    /// <param name="thread">The green thread; not the one that waits.</param>
    /// <exception cref="ArgumentNullException">There is no green thread.</exception>
    public static SelectCase Ended(GreenThread thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        return new EndedCase(thread);
    }

    /// <summary>Takes a permit of a semaphore.</summary>
    /// <param name="semaphore">The semaphore; the caller owes it a <see cref="GreenSemaphore.Release"/> when the case has happened.</param>
    /// <exception cref="ArgumentNullException">There is no semaphore.</exception>
    public static SelectCase Acquire(GreenSemaphore semaphore)
    {
        ArgumentNullException.ThrowIfNull(semaphore);
        return new SemaphoreCase(semaphore);
    }

    /// <summary>A signal of the system has come; nobody else who waits at the same object gets it.</summary>
    /// <param name="signal">The signal.</param>
    /// <exception cref="ArgumentNullException">There is no signal.</exception>
    public static SelectCase Signaled(GreenSignal signal)
    {
        ArgumentNullException.ThrowIfNull(signal);
        return new SignalCase(signal);
    }

    /// <summary>A token is cancelled.</summary>
    /// <param name="cancellationToken">The token.</param>
    public static SelectCase Canceled(CancellationToken cancellationToken) => new CanceledCase(cancellationToken);

    /// <summary>A descriptor can be read without blocking: it has bytes, a connection, an end or an error, as <see cref="EventLoop.WaitReadable(int)"/> says.</summary>
    /// <param name="descriptor">An open descriptor of any kind; it must stay open while a select uses the case.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static SelectCase Readable(int descriptor) => new DescriptorCase(descriptor, WaitDirection.Read);

    /// <summary>A descriptor can be read without blocking.</summary>
    /// <param name="handle">The handle of a descriptor of any kind. If it is disposed of while a select uses the case, it is closed after it.</param>
    /// <exception cref="ArgumentNullException">There is no handle.</exception>
    public static SelectCase Readable(SafeHandle handle) => new DescriptorCase(handle, WaitDirection.Read);

    /// <summary>A descriptor can be written without blocking, or writing would fail, as <see cref="EventLoop.WaitWritable(int)"/> says.</summary>
    /// <param name="descriptor">An open descriptor of any kind; it must stay open while a select uses the case.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static SelectCase Writable(int descriptor) => new DescriptorCase(descriptor, WaitDirection.Write);

    /// <summary>A descriptor can be written without blocking, or writing would fail.</summary>
    /// <param name="handle">The handle of a descriptor of any kind. If it is disposed of while a select uses the case, it is closed after it.</param>
    /// <exception cref="ArgumentNullException">There is no handle.</exception>
    public static SelectCase Writable(SafeHandle handle) => new DescriptorCase(handle, WaitDirection.Write);
}
