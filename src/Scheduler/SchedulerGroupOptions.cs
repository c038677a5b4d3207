using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenThreads;

/// <summary>How a <see cref="SchedulerGroup"/> is made.</summary>
public sealed record SchedulerGroupOptions
{
    /// <summary>For people and tools; its OS threads carry it.</summary>
    public string Name { get; init; } = "green";

    /// <summary>What happens when an exception leaves a green thread's body.</summary>
    public UnhandledExceptionPolicy UnhandledExceptions { get; init; } = UnhandledExceptionPolicy.Keep;

    /// <summary>Where warnings go; nowhere by default.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
