using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

/// <summary>A machine that cannot do it: there is no address space for the stacks. Green threads are OS threads then, and one warning says why.</summary>
internal static partial class NoAddressSpaceScenario
{
    private const int RLIMIT_AS = 9;

    // Less than the smallest arena, enough for some OS threads.
    private const ulong SpaceLeft = 256ul << 20;

    // struct rlimit, getrlimit(2)
    private struct ResourceLimit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setrlimit(int resource, ResourceLimit* rlim);

    internal static int Run(string[] args)
    {
        LimitAddressSpace();
        using var logger = new CountingLogger();
        Console.WriteLine($"mode={GreenRuntime.Mode}");
        Console.WriteLine(GreenRuntime.Describe());
        var first = new SchedulerGroup(new SchedulerGroupOptions { Name = "first", LoggerFactory = logger });
        var second = new SchedulerGroup(new SchedulerGroupOptions { Name = "second", LoggerFactory = logger });
        Console.WriteLine($"sum={first.Spawn(() => 1).Result + second.Spawn(() => 2).Result}");
        Console.WriteLine($"warnings={logger.Warnings}");
        return 0;
    }

    private static unsafe void LimitAddressSpace()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmSize:", StringComparison.Ordinal));
        ulong size = ulong.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        var limit = new ResourceLimit { rlim_cur = size + SpaceLeft, rlim_max = size + SpaceLeft };
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            throw new SystemCallException("setrlimit", Marshal.GetLastPInvokeError());
    }
}
