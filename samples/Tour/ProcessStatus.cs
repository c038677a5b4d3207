using System.Globalization;

namespace GreenThreads.Tour;

/// <summary>What the kernel says of this process: proc_pid_status(5).</summary>
internal static class ProcessStatus
{
    /// <summary>How many OS threads it has.</summary>
    internal static int OsThreads => (int)Read("Threads:");

    /// <summary>Memory in use: resident pages and the page tables that map them.</summary>
    internal static long MemoryBytes => (Read("VmRSS:") + Read("VmPTE:")) * 1024; // The file counts in KB.

    private static long Read(string field)
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(field, StringComparison.Ordinal))
                return long.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture);
        }
        throw new IOException($"/proc/self/status has no line {field}");
    }
}
