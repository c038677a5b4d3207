using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace GreenThreads.Analyzers;

// What a local, field, property, event or parameter of a delegate type may hold: every value that the compilation gives it anywhere.
// All uses of one name are bound together and once, so the work grows with the number of uses, however many symbols share the name.
internal sealed class DelegateSources
{
    private readonly NameIndex _index;
    private readonly OperationSource _operations;
    private readonly Dictionary<string, Dictionary<SyntaxNode, List<IOperation>>> _byName = new();
    private Dictionary<SyntaxNode, List<IOperation>>? _nameless;

    public DelegateSources(NameIndex index, OperationSource operations)
    {
        _index = index;
        _operations = operations;
    }

    public IEnumerable<IOperation> Of(ISymbol holder, CancellationToken cancellationToken)
    {
        // The value of a property's setter, or of an event's accessors, is what the property or event is given.
        if (holder is IParameterSymbol { IsImplicitlyDeclared: true, ContainingSymbol: IMethodSymbol { AssociatedSymbol: { } associated } })
            holder = associated;
        // A record's positional property is given what its constructor's parameter is: both have one declaration.
        if (holder is IPropertySymbol && _operations.DeclarationOf(holder, cancellationToken) is ParameterSyntax positional)
            holder = holder.ContainingType.InstanceConstructors.SelectMany(each => each.Parameters)
                .First(each => _operations.DeclarationOf(each, cancellationToken) == positional);
        IEnumerable<IOperation> values = holder is IParameterSymbol { ContainingSymbol: IMethodSymbol method } parameter
            ? OfParameter(method, parameter, cancellationToken)
            : Lookup(ByName(holder.Name, cancellationToken), holder, cancellationToken);
        return Initializer(holder, cancellationToken) is { } initializer ? values.Prepend(initializer) : values;
    }

    private IEnumerable<IOperation> OfParameter(IMethodSymbol method, IParameterSymbol parameter, CancellationToken cancellationToken)
    {
        if (method.MethodKind != MethodKind.Constructor)
        {
            return CallableAs(method).SelectMany(
                callee => Lookup(ByName(callee.Name, cancellationToken), callee.Parameters[parameter.Ordinal], cancellationToken));
        }
        _nameless ??= Collect(_index.NamelessCreations, cancellationToken);
        IEnumerable<IOperation> values = Lookup(ByName(method.ContainingType.Name, cancellationToken), parameter, cancellationToken)
            .Concat(Lookup(_nameless, parameter, cancellationToken));
        // The positional property can be set in initializers too.
        return method.ContainingType.IsRecord ? values.Concat(Lookup(ByName(parameter.Name, cancellationToken), parameter, cancellationToken)) : values;
    }

    private static IEnumerable<IMethodSymbol> CallableAs(IMethodSymbol method)
    {
        method = method.OriginalDefinition;
        for (IMethodSymbol? callee = method; callee is not null; callee = callee.OverriddenMethod?.OriginalDefinition)
            yield return callee;
        if (method.MethodKind is not (MethodKind.Ordinary or MethodKind.ExplicitInterfaceImplementation))
            yield break;
        foreach (IMethodSymbol member in method.ContainingType.AllInterfaces.SelectMany(contract => contract.GetMembers().OfType<IMethodSymbol>()))
        {
            if (SymbolEqualityComparer.Default.Equals(method.ContainingType.FindImplementationForInterfaceMember(member), method))
                yield return member.OriginalDefinition;
        }
    }

    private IOperation? Initializer(ISymbol holder, CancellationToken cancellationToken)
    {
        EqualsValueClauseSyntax? initializer = _operations.DeclarationOf(holder, cancellationToken) switch
        {
            VariableDeclaratorSyntax variable => variable.Initializer,
            PropertyDeclarationSyntax property => property.Initializer,
            _ => null,
        };
        return initializer is null ? null : _operations.Of(initializer.Value, cancellationToken);
    }

    private Dictionary<SyntaxNode, List<IOperation>> ByName(string name, CancellationToken cancellationToken)
    {
        if (!_byName.TryGetValue(name, out Dictionary<SyntaxNode, List<IOperation>>? values))
            _byName.Add(name, values = Collect(_index.UsesOf(name), cancellationToken));
        return values;
    }

    private IEnumerable<IOperation> Lookup(Dictionary<SyntaxNode, List<IOperation>> values, ISymbol holder, CancellationToken cancellationToken) =>
        _operations.DeclarationOf(holder, cancellationToken) is { } declaration && values.TryGetValue(declaration, out List<IOperation>? found)
            ? found
            : Enumerable.Empty<IOperation>();

    private Dictionary<SyntaxNode, List<IOperation>> Collect(IEnumerable<SyntaxNode> uses, CancellationToken cancellationToken)
    {
        Dictionary<SyntaxNode, List<IOperation>> values = new();
        foreach (SyntaxNode use in uses)
        {
            switch (_operations.Of(use, cancellationToken))
            {
                case IInvocationOperation call:
                    AddArguments(call.Arguments);
                    break;
                case IObjectCreationOperation creation:
                    AddArguments(creation.Arguments);
                    break;
                case IEventAssignmentOperation { EventReference: IEventReferenceOperation reference } assignment:
                    Add(reference.Event, assignment.HandlerValue);
                    break;
                case IAssignmentOperation assignment:
                    Add(Assigned(assignment.Target), assignment.Value);
                    break;
            }
        }
        return values;

        void AddArguments(IEnumerable<IArgumentOperation> arguments)
        {
            foreach (IArgumentOperation argument in arguments)
            {
                if (argument.Parameter is { Type.TypeKind: TypeKind.Delegate } parameter)
                    Add(parameter, argument.Value);
            }
        }

        void Add(ISymbol? holder, IOperation value)
        {
            if (holder is null || _operations.DeclarationOf(holder, cancellationToken) is not { } declaration)
                return;
            if (!values.TryGetValue(declaration, out List<IOperation>? list))
                values.Add(declaration, list = new List<IOperation>());
            list.Add(value);
        }
    }

    private static ISymbol? Assigned(IOperation target) => target switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IMemberReferenceOperation member => member.Member,
        _ => null,
    };
}
