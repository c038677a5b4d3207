using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>What a supervisor must know of a child: how to start it, when to start it again, how long it may take to end.</summary>
public sealed record ChildSpecification
{
    private readonly Func<GreenThread> _start;

    private ChildSpecification(string name, Func<GreenThread> start)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        _start = start;
    }

    /// <summary>Unique among the children of a supervisor.</summary>
    public string Name { get; }

    /// <summary>When it is started again.</summary>
    public RestartKind Restart { get; init; } = RestartKind.Permanent;

    /// <summary>
    /// How long the supervisor waits for its end when it has cancelled it. If that is not enough it says so in the log and goes on: a green thread cannot be killed
    /// (<see cref="Supervisor.Unfinished"/>). <see cref="Timeout.InfiniteTimeSpan"/> for no limit, as is best for supervisors.
    /// </summary>
    public TimeSpan ShutdownTimeout
    {
        get;
        init
        {
            _ = Deadline.After(value);
            field = value;
        }
    } = TimeSpan.FromSeconds(5);

    /// <summary>A child that is a green thread.</summary>
    /// <param name="name">Its name, of which the supervisor has no other.</param>
    /// <param name="body">What it runs.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <exception cref="ArgumentException">There is no name.</exception>
    /// <exception cref="ArgumentNullException">There is no name or no body.</exception>
    public static ChildSpecification OfThread(string name, Action body, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        SpawnOptions options = OptionsOf(name, file, line);
        return new ChildSpecification(name, () => SchedulerGroup.Current.Spawn(body, options));
    }

    /// <summary>A child that is started by a function. To be quick: until it returns, the supervisor looks after nobody.</summary>
    /// <param name="name">Its name, of which the supervisor has no other.</param>
    /// <param name="start">
    /// Starts it, on the supervisor's green thread, and returns it. What it throws counts as a failure of the child. If it parks, the supervisor may be cancelled there: what
    /// it has spawned by then, it must end itself.
    /// </param>
    /// <exception cref="ArgumentException">There is no name.</exception>
    /// <exception cref="ArgumentNullException">There is no name or no function.</exception>
    public static ChildSpecification StartedBy(string name, Func<GreenThread> start)
    {
        ArgumentNullException.ThrowIfNull(start);
        return new ChildSpecification(name, start);
    }

    /// <summary>A child that is a process. Who wants to talk to it finds it by its name, which stands for the new one after each restart.</summary>
    /// <param name="name">Its name, of which the supervisor has no other.</param>
    /// <param name="body">What it runs.</param>
    /// <param name="registry">Where it has its name too; null for nowhere.</param>
    /// <param name="capacity">How many messages its mailbox holds before senders have to wait; no limit by default.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <typeparam name="T">The type of its messages.</typeparam>
    /// <exception cref="ArgumentException">There is no name.</exception>
    /// <exception cref="ArgumentNullException">There is no name or no body.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    public static ChildSpecification OfProcess<T>(
        string name, Action<Mailbox<T>> body, GreenRegistry? registry = null, int capacity = int.MaxValue, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        SpawnOptions options = OptionsOf(name, file, line);
        return new ChildSpecification(name, () =>
        {
            var process = new GreenProcess<T>(body, capacity, SchedulerGroup.Current, options);
            try
            {
                registry?.Register(name, process);
            }
            catch
            {
                process.Thread.Cancel();
                throw;
            }
            return process.Thread;
        });
    }

    /// <summary>A child that is a supervisor with children of its own. It ends them before it ends itself, and may take what time they need.</summary>
    /// <param name="name">Its name, of which the outer supervisor has no other.</param>
    /// <param name="options">How it is made; <see cref="SupervisorOptions.Name"/> and <see cref="SupervisorOptions.Group"/> do not matter.</param>
    /// <param name="children">Its children, in the order of their start.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <exception cref="ArgumentException">There is no name, or an option is out of its range, or two children have the same name.</exception>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    public static ChildSpecification OfSupervisor(
        string name, SupervisorOptions options, IEnumerable<ChildSpecification> children, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(options);
        ChildSpecification[] specifications = Supervisor.Check(options, children);
        SpawnOptions spawn = OptionsOf(name, file, line);
        return new ChildSpecification(name, () => Supervisor.Start(options with { Name = name, Group = null }, specifications, spawn).Thread)
        {
            ShutdownTimeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Starts it. The supervisor's green thread.</summary>
    internal GreenThread Start() =>
        _start() ?? throw new InvalidOperationException($"the function that starts the child \"{Name}\" has returned no green thread");

    // The supervisor takes what ends its children, whatever the group's policy.
    private static SpawnOptions OptionsOf(string name, string file, int line) => new() { Name = name, File = file, Line = line, KeepsExceptions = true };
}
