namespace GreenThreads;

/// <summary>How a child process has ended.</summary>
public sealed class GreenChildExit
{
    internal GreenChildExit(string fileName, int processId, int code, int status)
    {
        FileName = fileName;
        ProcessId = processId;
        if (code == Interop.CLD_EXITED)
            ExitCode = status;
        else
            Signal = status;
        HasDumpedCore = code == Interop.CLD_DUMPED;
    }

    /// <summary>The program, as it was asked for.</summary>
    public string FileName { get; }

    /// <summary>The number that the process had. It may be that of another by now.</summary>
    public int ProcessId { get; }

    /// <summary>What it returned, 0 to 255; null if a signal ended it.</summary>
    public int? ExitCode { get; }

    /// <summary>The number of the signal that ended it, as 9 (SIGKILL) or 11 (SIGSEGV, a crash); null if it returned.</summary>
    public int? Signal { get; }

    /// <summary>Whether there was a core dump, as far as the kernel knows.</summary>
    public bool HasDumpedCore { get; }

    /// <summary>Whether it returned 0.</summary>
    public bool IsSuccess => ExitCode == 0;

    /// <summary>Does nothing if it returned 0.</summary>
    /// <exception cref="GreenChildException">It did not, or a signal ended it.</exception>
    public void ThrowIfFailed()
    {
        if (!IsSuccess)
            throw new GreenChildException(this);
    }

    /// <summary>In words.</summary>
    public override string ToString() => Signal is { } signal
        ? $"{FileName} (process {ProcessId}) was ended by {Interop.NameOfSignal(signal)}{(HasDumpedCore ? ", with a core dump" : "")}"
        : $"{FileName} (process {ProcessId}) returned {ExitCode}";
}
