using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

// Calls that decide where a delegate runs: on a green thread, or on a thread of somebody else's.
internal sealed class KnownCalls
{
    private const string Constructor = ".ctor";

    private readonly Dictionary<ISymbol, string[]> _green = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, string[]> _elsewhere = new(SymbolEqualityComparer.Default);

    public KnownCalls(Compilation compilation)
    {
        Add(_green, "GreenThreads.GreenThread", "Spawn", "SpawnDaemon", "SpawnLinked", "Run");
        Add(_green, "GreenThreads.SchedulerGroup", "Spawn", "SpawnDaemon", "Run", "AtExit");
        // Not GreenScope.Run and GreenThread.RunShielded: they call the delegate on the thread that they are called on, green or not.
        Add(_green, "GreenThreads.GreenScope", "Spawn");
        Add(_green, "GreenThreads.GreenProcess", "Spawn");
        Add(_green, "GreenThreads.ChildSpecification", "OfThread", "OfProcess", "StartedBy");
        EntryNames = new HashSet<string>(_green.Values.SelectMany(names => names));

        Add(_elsewhere, "System.Threading.Tasks.Task", "Run", "ContinueWith", Constructor);
        Add(_elsewhere, "System.Threading.Tasks.Task`1", "ContinueWith", Constructor);
        Add(_elsewhere, "System.Threading.Tasks.TaskFactory", "StartNew");
        Add(_elsewhere, "System.Threading.Tasks.TaskFactory`1", "StartNew");
        Add(_elsewhere, "System.Threading.Thread", Constructor);
        Add(_elsewhere, "System.Threading.ThreadPool", "QueueUserWorkItem", "UnsafeQueueUserWorkItem",
            "RegisterWaitForSingleObject", "UnsafeRegisterWaitForSingleObject");
        Add(_elsewhere, "System.Threading.Timer", Constructor);
        // What may block has its place there. Not Foreign.Run: it stays on the green thread, and on its scheduler.
        Add(_elsewhere, "GreenThreads.Compute", "Run");
        Add(_elsewhere, "GreenThreads.Foreign", "RunBlocking");

        void Add(Dictionary<ISymbol, string[]> table, string type, params string[] members)
        {
            if (compilation.GetTypeByMetadataName(type) is { } symbol)
                table.Add(symbol, members);
        }
    }

    /// <summary>Whether the compilation can spawn green threads at all.</summary>
    public bool AreThereGreenThreads => _green.Count > 0;

    /// <summary>The simple names of the members that start green threads.</summary>
    public HashSet<string> EntryNames { get; }

    /// <summary>Whether the delegates passed to the method run on green threads.</summary>
    public bool IsEntry(IMethodSymbol method) => Contains(_green, method);

    /// <summary>Whether the delegates passed to the method run on OS threads that are nobody's scheduler.</summary>
    public bool IsElsewhere(IMethodSymbol method) => Contains(_elsewhere, method);

    private static bool Contains(Dictionary<ISymbol, string[]> table, IMethodSymbol method) =>
        method.ContainingType is { } type && table.TryGetValue(type.OriginalDefinition, out string[]? names) && names.Contains(method.Name);
}
