using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace GreenThreads.Analyzers;

// Flags calls that block an OS thread in code that green threads run (docs/analyzers.md).
//
// Every diagnostic is a local one: it is reported by the action for the very operation it is about. Whether green threads reach that
// operation is a question about the whole compilation, and it is asked lazily: the first blocking call that is seen has GreenReach walk
// from the spawns through what they call, once for the compilation. A compilation that names no blocking call, or no green thread, pays for
// a table lookup at each call and nothing else.
//
// Rejected: collecting a call graph in operation-block actions and reporting at the end of the compilation. It is the textbook way, but
// editors do not run compilation-end actions as one types and offer no code fix for what they report (dotnet/roslyn#51653); and it walks
// all code, not only what green threads reach.
// Rejected: walking from the blocking call up to its callers. Whether a delegate runs on a green thread is known where it is spawned, not
// where it is written.
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class GreenThreadBlockingAnalyzer : DiagnosticAnalyzer
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => Rules.All;

    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        // Nothing is reported in generated code. The way to a call may well lead through it.
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(static start =>
        {
            KnownCalls known = new(start.Compilation);
            if (!known.AreThereGreenThreads)
                return;
            BlockingCalls blocking = new(start.Compilation);
            LazyReach reach = new(start.Compilation, known, blocking);
            start.RegisterOperationAction(
                context =>
                {
                    if (blocking.Find(context.Operation) is { } call
                        && reach.Get(context.CancellationToken).TryGetValue(context.Operation.Syntax, out Reached? reached))
                    {
                        context.ReportDiagnostic(Diagnostic.Create(
                            call.Rule, context.Operation.Syntax.GetLocation(), call.Name, call.Why, call.Instead, reached));
                    }
                },
                OperationKind.Invocation,
                OperationKind.ObjectCreation,
                OperationKind.MethodReference);
        });
    }

    // Not Lazy<T>: that would keep the exception of a walk which an editor cancelled.
    private sealed class LazyReach
    {
        private readonly object _gate = new();
        private readonly Compilation _compilation;
        private readonly KnownCalls _known;
        private readonly BlockingCalls _blocking;

        // Written once, under _gate; never changed after.
        private volatile IReadOnlyDictionary<SyntaxNode, Reached>? _found;

        public LazyReach(Compilation compilation, KnownCalls known, BlockingCalls blocking)
        {
            _compilation = compilation;
            _known = known;
            _blocking = blocking;
        }

        public IReadOnlyDictionary<SyntaxNode, Reached> Get(CancellationToken cancellationToken)
        {
            if (_found is { } found)
                return found;
            lock (_gate)
                return _found ??= new GreenReach(_compilation, _known, _blocking, cancellationToken).FindBlockingCalls();
        }
    }
}
