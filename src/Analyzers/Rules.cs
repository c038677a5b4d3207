using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

// Arguments of every message: the call, why it blocks, what to use instead, how it is reached.
internal static class Rules
{
    public const string SleepId = "GT0001";
    public const string SocketId = "GT0002";
    public const string MutexId = "GT0003";
    public const string DnsId = "GT0004";

    private const string Category = "GreenThreads";
    private const string Message = "'{0}' blocks the OS thread of its green thread: {1}; use {2}; {3}";
    private const string HelpLink = "docs/blocking.md";

    public static readonly DiagnosticDescriptor Sleep = new(SleepId, "Thread.Sleep on a green thread", Message, Category,
        DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "Thread.Sleep sleeps in the kernel and takes the OS thread with it; GreenThread.Sleep parks.", HelpLink);

    public static readonly DiagnosticDescriptor Socket = new(SocketId, "Blocking-mode socket call on a green thread", Message, Category,
        DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "A stock socket in blocking mode waits in the kernel; the green sockets park.", HelpLink);

    public static readonly DiagnosticDescriptor Mutex = new(MutexId, "Mutex on a green thread", Message, Category,
        DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "A Mutex belongs to an OS thread, not to the green thread that took it: "
            + "another green thread on the same OS thread counts as its owner.", HelpLink);

    public static readonly DiagnosticDescriptor Dns = new(DnsId, "Blocking name lookup on a green thread", Message, Category,
        DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "The C library looks names up synchronously.", HelpLink);

    public static ImmutableArray<DiagnosticDescriptor> All { get; } = ImmutableArray.Create(Sleep, Socket, Mutex, Dns);
}
