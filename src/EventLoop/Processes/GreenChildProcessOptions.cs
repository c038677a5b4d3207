using System.Collections;

namespace GreenThreads;

/// <summary>Which program to start as a child process, and with what.</summary>
public sealed class GreenChildProcessOptions
{
    /// <summary>For a program.</summary>
    /// <param name="fileName">A path, absolute or from the current directory of this process, or a name without a slash, which is looked for in this process's PATH.</param>
    /// <param name="arguments">Its arguments, as they are: no shell looks at them.</param>
    public GreenChildProcessOptions(string fileName, params IEnumerable<string> arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        ArgumentNullException.ThrowIfNull(arguments);
        FileName = fileName;
        Arguments = [.. arguments];
    }

    /// <summary>The program.</summary>
    public string FileName { get; }

    /// <summary>Its arguments, without the name of the program, which always comes first.</summary>
    public IList<string> Arguments { get; }

    /// <summary>Its environment: that of this process at the first look at this property, to be changed. As long as nobody looks, that at the start of the child.</summary>
    public IDictionary<string, string> Environment => EnvironmentOrNull ??= EnvironmentOfThisProcess();

    /// <summary>The directory that it starts in; null for that of this process.</summary>
    public string? WorkingDirectory { get; set; }

    /// <summary>Its standard input; that of this process unless set otherwise.</summary>
    public GreenChildStream StandardInput { get; set; } = GreenChildStream.Inherited;

    /// <summary>Its standard output; that of this process unless set otherwise.</summary>
    public GreenChildStream StandardOutput { get; set; } = GreenChildStream.Inherited;

    /// <summary>Its standard error; that of this process unless set otherwise.</summary>
    public GreenChildStream StandardError { get; set; } = GreenChildStream.Inherited;

    /// <summary>Whether it is the first of a process group of its own, so that Ctrl-C in the terminal does not reach it.</summary>
    public bool HasOwnProcessGroup { get; set; }

    internal Dictionary<string, string>? EnvironmentOrNull { get; private set; }

    internal static Dictionary<string, string> EnvironmentOfThisProcess()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return environment;
    }
}
