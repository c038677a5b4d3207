using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

/// <summary>The bound form of any piece of the compilation.</summary>
internal sealed class OperationSource
{
    private readonly Compilation _compilation;

    public OperationSource(Compilation compilation) => _compilation = compilation;

    /// <summary>Null if the compiler knows no operation for it.</summary>
    // RS1030 warns of models that nobody shares. The compilation that an analyzer is given keeps the models it hands out, so what is bound here is bound once for the
    // compiler and all analyzers (a test looks at that); and only what green threads reach is asked for.
    [SuppressMessage("MicrosoftCodeAnalysisCorrectness", "RS1030", Justification = "The way leads through other trees.")]
    public IOperation? Of(SyntaxNode syntax, CancellationToken cancellationToken) =>
        _compilation.GetSemanticModel(syntax.SyntaxTree).GetOperation(syntax, cancellationToken);

    /// <summary>The declaration of a symbol of this compilation, without a doubt the same node each time; null for one from elsewhere or without source.</summary>
    public SyntaxNode? DeclarationOf(ISymbol symbol, CancellationToken cancellationToken)
    {
        symbol = symbol.OriginalDefinition;
        if (symbol is IMethodSymbol { PartialImplementationPart: { } implementation })
            symbol = implementation;
        if (symbol is IParameterSymbol { ContainingSymbol: IMethodSymbol { PartialImplementationPart: { } part } } parameter)
            symbol = part.Parameters[parameter.Ordinal];
        SyntaxReference? reference = symbol.DeclaringSyntaxReferences.FirstOrDefault();
        return reference is not null && _compilation.ContainsSyntaxTree(reference.SyntaxTree) ? reference.GetSyntax(cancellationToken) : null;
    }
}
