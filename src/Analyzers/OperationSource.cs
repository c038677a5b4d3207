using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

/// <summary>The bound form of any piece of the compilation. Not thread-safe.</summary>
// RS1030 warns of models that nobody shares. A compilation under analysis shares the models it hands out with the compiler and all
// analyzers until a tree is done with; held here they live as long as the walk, so that nothing is bound more than once more, and only what
// green threads reach is bound at all.
internal sealed class OperationSource
{
    private readonly Compilation _compilation;
    private readonly Dictionary<SyntaxTree, SemanticModel> _models = new();

    public OperationSource(Compilation compilation) => _compilation = compilation;

    /// <summary>Null if the compiler knows no operation for it.</summary>
    [SuppressMessage("MicrosoftCodeAnalysisCorrectness", "RS1030", Justification = "The way leads through other trees.")]
    public IOperation? Of(SyntaxNode syntax, CancellationToken cancellationToken)
    {
        if (!_models.TryGetValue(syntax.SyntaxTree, out SemanticModel? model))
            _models.Add(syntax.SyntaxTree, model = _compilation.GetSemanticModel(syntax.SyntaxTree));
        return model.GetOperation(syntax, cancellationToken);
    }

    /// <summary>The declaration of a symbol of this compilation, the same node each time; null for one from elsewhere or without source.</summary>
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
