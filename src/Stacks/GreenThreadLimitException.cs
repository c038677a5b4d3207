namespace GreenThreads;

/// <summary>No further green thread can have a stack: a limit of the system or of the process was met. The message names what raises it.</summary>
public sealed class GreenThreadLimitException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What could not be had.</param>
    /// <param name="setting">The setting that raises the limit, for example <c>vm.max_map_count</c>.</param>
    public GreenThreadLimitException(string message, string setting)
        : base($"{message}; raise {setting}") => Setting = setting;

    /// <summary>The setting that raises the limit.</summary>
    public string Setting { get; }
}
