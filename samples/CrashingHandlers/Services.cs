namespace GreenThreads.Samples.Crashing;

/// <summary>
/// Each handler is a process of its own, with a supervisor that starts it anew when it fails.
/// <code>
///                 services (one for one)
///        /      /      |      |      \       \
///     echo   throw   deep    hog    wait ... loop        a session asks one of them, and waits no longer than the time budget
/// </code>
/// A process that exceeds its time is cancelled and replaced. One that cannot be cancelled, because it never parks, is left alone: it keeps an OS thread busy, the
/// monitor lets others take over its scheduler, and the supervisor lists it as unfinished.
/// </summary>
internal sealed class Services : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    private readonly GreenRegistry _registry = new();
    private readonly Supervisor _supervisor;
    private readonly IReadOnlyDictionary<string, TimeSpan> _timeBudgets;
    private readonly long _memoryBudget;

    /// <param name="timeBudgets">How long each handler may take.</param>
    /// <param name="memoryBudget">How many bytes each may ask for.</param>
    internal Services(IReadOnlyDictionary<string, TimeSpan> timeBudgets, long memoryBudget)
    {
        _timeBudgets = timeBudgets;
        _memoryBudget = memoryBudget;
        var options = new SupervisorOptions
        {
            Name = "services",
            // Any peer may crash a handler at will: it is no reason to give up. The back-off keeps that from being a way to burn the processor.
            MaximumRestarts = 10_000,
            InitialBackoff = TimeSpan.FromMilliseconds(5),
            MaximumBackoff = TimeSpan.FromMilliseconds(200),
        };
        _supervisor = Supervisor.Start(options, Handlers.All.Select(handler =>
            ChildSpecification.OfProcess<Job>(handler.Key, jobs => Work(jobs, handler.Value), _registry) with { ShutdownTimeout = s_patience }));
    }

    public void Dispose() => _supervisor.Dispose();

    /// <summary>Asks a service. Parks.</summary>
    /// <returns>Its answer, or what became of it.</returns>
    internal string Ask(string service, string argument)
    {
        if (!_timeBudgets.TryGetValue(service, out TimeSpan timeBudget))
            return $"unknown: there are {string.Join(", ", Handlers.All.Keys)} and status";
        if (_registry.Find<Job>(service) is not { } process)
            return "unavailable: it is being restarted";
        try
        {
            return "ok " + process.Request<string>(reply => new Job(argument, _memoryBudget, reply), timeBudget);
        }
        catch (GreenProcessEndedException exception)
        {
            return $"failed: {(exception.InnerException ?? exception).Message}";
        }
        catch (TimeoutException)
        {
            Replace(service, process);
            return $"failed: it took longer than {timeBudget.TotalSeconds} s";
        }
    }

    internal string Status() => string.Join(", ", _supervisor.Children.Select(child => $"{child.Name} {child.State} {child.Restarts}"))
        + $"; unfinished {_supervisor.Unfinished.Count}";

    private static void Work(Mailbox<Job> jobs, Func<Job, string> handler)
    {
        foreach (Job job in jobs)
            job.Reply.Send(handler(job)); // What it throws ends the process, and whoever has asked hears of it at once.
    }

    private void Replace(string service, GreenProcess<Job> process)
    {
        // Several may have waited for the same one.
        if (_registry.Find<Job>(service) != process || !_registry.Unregister(service))
            return;
        _supervisor.RestartChild(service);
    }
}
