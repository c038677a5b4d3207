using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>What a child process has as its standard input, output or error.</summary>
public sealed class GreenChildStream
{
    private GreenChildStream(SafeHandle? handle = null) => Handle = handle;

    /// <summary>The same as this process.</summary>
    public static GreenChildStream Inherited { get; } = new();

    /// <summary>A pipe, whose other end is a stream of the <see cref="GreenChildProcess"/>.</summary>
    public static GreenChildStream Piped { get; } = new();

    /// <summary>/dev/null: nothing to read, and what is written is dropped.</summary>
    public static GreenChildStream Nothing { get; } = new();

    /// <summary>For the standard error only: the same as its standard output.</summary>
    public static GreenChildStream AsOutput { get; } = new();

    internal SafeHandle? Handle { get; }

    /// <summary>A descriptor of this process, as that of a file or of one end of another child's pipe. It stays the caller's, who may close it after the start.</summary>
    /// <param name="handle">An open descriptor; best one that blocks, since few programs expect another.</param>
    public static GreenChildStream Of(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new(handle);
    }
}
