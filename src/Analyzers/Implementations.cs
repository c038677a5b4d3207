using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

// Which methods of the compilation a virtual call may arrive at: all overrides and all implementations, whatever the receiver is.
// Rejected: only those of types that fit the receiver. More exact, but the work then grows with call sites times overrides.
internal sealed class Implementations
{
    private readonly Dictionary<ISymbol, List<IMethodSymbol>> _overrides = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, List<INamedTypeSymbol>> _implementers = new(SymbolEqualityComparer.Default);

    public Implementations(Compilation compilation, CancellationToken cancellationToken)
    {
        Stack<INamespaceOrTypeSymbol> pending = new();
        pending.Push(compilation.Assembly.GlobalNamespace);
        while (pending.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            INamespaceOrTypeSymbol container = pending.Pop();
            foreach (INamespaceOrTypeSymbol member in container.GetMembers().OfType<INamespaceOrTypeSymbol>())
                pending.Push(member);
            if (container is INamedTypeSymbol { TypeKind: not TypeKind.Interface } type)
                Add(type);
        }
    }

    /// <summary>The methods of the compilation that override or implement it, directly or not; itself not among them.</summary>
    public IEnumerable<IMethodSymbol> Of(IMethodSymbol method)
    {
        if (method.ContainingType?.TypeKind != TypeKind.Interface)
            return _overrides.TryGetValue(method.OriginalDefinition, out List<IMethodSymbol>? overrides) ? overrides : Enumerable.Empty<IMethodSymbol>();
        if (!_implementers.TryGetValue(method.ContainingType.OriginalDefinition, out List<INamedTypeSymbol>? types))
            return Enumerable.Empty<IMethodSymbol>();
        // Distinct before the overrides are looked up: types that inherit an implementation all name the same one.
        List<IMethodSymbol> found = types.SelectMany(type => InType(method, type)).Distinct<IMethodSymbol>(SymbolEqualityComparer.Default).ToList();
        return found.Concat(found.SelectMany(Of));
    }

    private void Add(INamedTypeSymbol type)
    {
        IEnumerable<INamedTypeSymbol> contracts = type.AllInterfaces.Select(contract => contract.OriginalDefinition);
        foreach (INamedTypeSymbol contract in contracts.Distinct<INamedTypeSymbol>(SymbolEqualityComparer.Default))
            Add(_implementers, contract, type);
        foreach (IMethodSymbol method in type.GetMembers().OfType<IMethodSymbol>())
        {
            for (IMethodSymbol? overridden = method.OverriddenMethod; overridden is not null; overridden = overridden.OverriddenMethod)
                Add(_overrides, overridden.OriginalDefinition, method);
        }
    }

    // A type may implement several constructions of one generic interface.
    private static IEnumerable<IMethodSymbol> InType(IMethodSymbol method, INamedTypeSymbol type)
    {
        foreach (INamedTypeSymbol contract in type.AllInterfaces)
        {
            if (!SymbolEqualityComparer.Default.Equals(contract.OriginalDefinition, method.ContainingType.OriginalDefinition))
                continue;
            foreach (ISymbol member in contract.GetMembers(method.Name))
            {
                if (SymbolEqualityComparer.Default.Equals(member.OriginalDefinition, method.OriginalDefinition)
                    && type.FindImplementationForInterfaceMember(member) is IMethodSymbol found)
                {
                    yield return found;
                }
            }
        }
    }

    private static void Add<T>(Dictionary<ISymbol, List<T>> table, ISymbol key, T value)
    {
        if (!table.TryGetValue(key, out List<T>? values))
            table.Add(key, values = new List<T>());
        values.Add(value);
    }
}
