using System.Runtime.CompilerServices;

namespace GreenThreads;

// A supervisor is a process whose messages are delegates: what the API asks for, and the ends of children (GreenThread.Monitor). All that it decides it decides on its
// green thread, one thing after the other, so nothing needs a lock but the list of children, which others look at.
//
// Children are ended one after the other, in reverse order of their start, each within its own timeout. While that lasts, messages wait. A back-off does not: it is the
// deadline of the next receive.
//
// Rejected: links instead of monitors. The supervisor ends its children on every way out of its body, and that is all that a link would do.

/// <summary>
/// Starts green threads, its children, and starts them again when they fail, by rules: see <see cref="ChildSpecification"/> and <see cref="SupervisorOptions"/>. If they fail too
/// often it ends them all and fails itself, for the supervisor above it to decide. A cancellation of its green thread ends the children too, in reverse order. All
/// members may be used from any thread, children too.
/// </summary>
// Supervisor.cs            what others can ask for
// Supervisor.Run.cs        its green thread: ends of children, restarts, the end
// Supervisor.Children.cs   starting and ending a child
// Supervisor.Log.cs        what it says
public sealed partial class Supervisor : IDisposable
{
    // For tools: which children are supervisors.
    private static readonly ConditionalWeakTable<GreenThread, Supervisor> s_supervisors = [];

    private readonly SupervisorOptions _options;
    private readonly GreenProcess<Action> _process;

    private Supervisor(SupervisorOptions options, ChildSpecification[] children, in SpawnOptions spawn)
    {
        _options = options;
        _window = new RestartWindow(options.MaximumRestarts, options.Window);
        _process = new GreenProcess<Action>(mailbox => Run(mailbox, children), int.MaxValue, options.Group ?? SchedulerGroup.Current, spawn);
        s_supervisors.Add(_process.Thread, this);
    }

    /// <summary>For people and tools.</summary>
    public string Name => _options.Name;

    /// <summary>Its green thread: to join, to link, to cancel. It ends when all children have ended; with a <see cref="SupervisorException"/> if it has given up.</summary>
    public GreenThread Thread => _process.Thread;

    /// <summary>The children at this moment, in the order of their start. Does not park.</summary>
    public IReadOnlyList<SupervisedChild> Children
    {
        get
        {
            using (_lock.Enter())
                return [.. _children.Select(static child => child.ToPublic())];
        }
    }

    /// <summary>Green threads of children that were cancelled, did not end within their <see cref="ChildSpecification.ShutdownTimeout"/>, and run still. Does not park.</summary>
    public IReadOnlyList<GreenThread> Unfinished
    {
        get
        {
            using (_lock.Enter())
            {
                _unfinished.RemoveAll(static thread => thread.State == GreenThreadState.Ended);
                return [.. _unfinished];
            }
        }
    }

    /// <summary>Starts a supervisor, and returns when its first children have been started. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="options">How.</param>
    /// <param name="children">Its first children, in the order of their start.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or two children have the same name.</exception>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    /// <exception cref="SupervisorException">A child could not be started; those before it have been ended again.</exception>
    /// <exception cref="InvalidOperationException">The group has been shut down.</exception>
    public static Supervisor Start(SupervisorOptions options, IEnumerable<ChildSpecification> children, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Start(options, Check(options, children), new SpawnOptions { Name = options.Name, File = file, Line = line });
    }

    /// <summary>Adds a child, the last in the order, and starts it. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="child">What to start.</param>
    /// <returns>Its green thread.</returns>
    /// <exception cref="ArgumentException">There is a child with this name.</exception>
    /// <exception cref="ArgumentNullException">There is no specification.</exception>
    /// <exception cref="Exception">What its start has thrown; it is no child then.</exception>
    /// <exception cref="GreenProcessEndedException">The supervisor has ended, or ends meanwhile.</exception>
    public GreenThread StartChild(ChildSpecification child)
    {
        ArgumentNullException.ThrowIfNull(child);
        return Ask(() => AddAndStart(child));
    }

    /// <summary>
    /// Ends a child and leaves it so, until <see cref="RestartChild"/>; a temporary one is forgotten. Returns when it has ended, or its time to do so is over. Parks a green thread;
    /// blocks a plain OS thread.
    /// </summary>
    /// <param name="name">The child's name.</param>
    /// <returns>False if there is no such child.</returns>
    /// <exception cref="GreenProcessEndedException">The supervisor has ended, or ends meanwhile.</exception>
    public bool StopChild(string name) => Ask(() => Stop(name, remove: false));

    /// <summary>The same, and forgets the child.</summary>
    /// <inheritdoc cref="StopChild"/>
    public bool RemoveChild(string name) => Ask(() => Stop(name, remove: true));

    /// <summary>
    /// Starts a child again, whatever its state, and without waiting for a back-off; if it runs, it is ended first. Does not count as a restart for a failure, and does not
    /// touch the other children. Parks a green thread; blocks a plain OS thread.
    /// </summary>
    /// <param name="name">The child's name.</param>
    /// <returns>Its new green thread.</returns>
    /// <exception cref="ArgumentException">There is no such child.</exception>
    /// <exception cref="Exception">What its start has thrown; it is stopped then.</exception>
    /// <exception cref="GreenProcessEndedException">The supervisor has ended, or ends meanwhile.</exception>
    public GreenThread RestartChild(string name) => Ask(() => StopAndStart(name));

    /// <summary>Ends the children in reverse order, then the supervisor, and waits for that. What has made it fail earlier is not thrown here. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="InvalidOperationException">It is called on the supervisor's own green thread, for example by a function that starts a child.</exception>
    public void Shutdown() => Shutdown(Timeout.InfiniteTimeSpan);

    /// <summary>The same, and waits for a limited time.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>False if the time passed first; it goes on ending.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <inheritdoc cref="Shutdown()" path="/exception"/>
    public bool Shutdown(TimeSpan timeout)
    {
        Deadline deadline = Deadline.After(timeout);
        if (GreenThread.Current == Thread)
            throw new InvalidOperationException($"{this} cannot wait for its own end");
        _process.TrySend(() => _isShuttingDown = true);
        return Thread.WaitForEnd(deadline);
    }

    /// <summary>Does what <see cref="Shutdown()"/> does.</summary>
    public void Dispose() => Shutdown();

    /// <summary>Waits for its end, and throws what ended it. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="SupervisorException">It has given up.</exception>
    public void Join() => Thread.Join();

    /// <summary>Its name, and that it is a supervisor.</summary>
    public override string ToString() => $"supervisor \"{Name}\"";

    /// <summary>The supervisor that runs on a green thread; null if none does.</summary>
    internal static Supervisor? Of(GreenThread thread) => s_supervisors.TryGetValue(thread, out Supervisor? supervisor) ? supervisor : null;

    internal static ChildSpecification[] Check(SupervisorOptions options, IEnumerable<ChildSpecification> children)
    {
        ArgumentNullException.ThrowIfNull(children);
        options.Validate();
        ChildSpecification[] specifications = [.. children];
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ChildSpecification child in specifications)
        {
            if (child is null)
                throw new ArgumentException("there is an empty place among the children", nameof(children));
            if (!names.Add(child.Name))
                throw new ArgumentException($"there are two children with the name \"{child.Name}\"", nameof(children));
        }
        return specifications;
    }

    internal static Supervisor Start(SupervisorOptions options, ChildSpecification[] children, in SpawnOptions spawn)
    {
        var supervisor = new Supervisor(options, children, spawn);
        try
        {
            supervisor.Ask(static () => true); // It looks at messages when all have been started.
        }
        catch (GreenProcessEndedException) when (supervisor._hasStarted)
        {
            // It has given up since then. That is no failed start: whoever joins or monitors it learns of it, and a supervisor above it starts it again.
        }
        catch (GreenProcessEndedException)
        {
            supervisor.Join();
            throw;
        }
        catch
        {
            // The caller is cancelled: nobody would ever hear of this one.
            supervisor.Thread.Cancel();
            using (GreenThread.Shield())
                supervisor.Thread.WaitForEnd(Deadline.Never);
            throw;
        }
        return supervisor;
    }

    private T Ask<T>(Func<T> action) => _process.Request<T>(
        reply => () =>
        {
            try
            {
                reply.Send(action());
            }
            catch (Exception exception) when (!IsCanceled)
            {
                reply.Fail(exception);
            }
        },
        Timeout.InfiniteTimeSpan);
}
