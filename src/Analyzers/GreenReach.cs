using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace GreenThreads.Analyzers;

// The walk from the spawns, breadth first, so that a call is reported with a shortest way to it. Work items are function bodies, known by
// their syntax, and holders of delegates (locals, fields, ...), known by their declaration; each is done once, hence recursion ends and the
// work is linear in the code that is reached.
//
// A lambda written in code that is reached counts as reached, wherever it is passed, with two exceptions: one passed to Task.Run and the
// like runs on another thread, and one stored in a local counts when the local is used. Delegates that come from elsewhere are followed to
// what was put in the field, property, event or local they are read from. Parameters are followed to their arguments only if they reach a
// spawn (or are captured by what is spawned): otherwise what a green caller passes is reached already, and what others pass does not run
// here.
internal sealed partial class GreenReach
{
    private readonly KnownCalls _known;
    private readonly BlockingCalls _blocking;
    private readonly CancellationToken _cancellationToken;
    private readonly OperationSource _operations;
    private readonly NameIndex _index;
    private readonly DelegateSources _sources;
    private readonly Implementations _implementations;
    private readonly IMethodSymbol? _dispose;
    private readonly IMethodSymbol? _disposeAsync;

    private readonly Queue<(SyntaxNode Body, Reached Reached)> _bodies = new();
    private readonly HashSet<SyntaxNode> _seenBodies = new();
    private readonly HashSet<SyntaxNode> _seenHolders = new();
    private readonly HashSet<SyntaxNode> _seenReturns = new();
    private readonly HashSet<ISymbol> _seenMethods = new(SymbolEqualityComparer.Default);
    private readonly Queue<(ISymbol Holder, Reached Reached)> _holders = new();

    // Lambdas that were followed as values, not met in code that was reached: what they capture was made by code that may not be green.
    private readonly HashSet<SyntaxNode> _startedLambdas = new();
    private readonly Dictionary<SyntaxNode, Reached> _found = new();

    public GreenReach(Compilation compilation, KnownCalls known, BlockingCalls blocking, CancellationToken cancellationToken)
    {
        _known = known;
        _blocking = blocking;
        _cancellationToken = cancellationToken;
        _operations = new OperationSource(compilation);
        _index = new NameIndex(compilation, cancellationToken);
        _sources = new DelegateSources(_index, _operations);
        _implementations = new Implementations(compilation, cancellationToken);
        _dispose = Method("System.IDisposable", "Dispose");
        _disposeAsync = Method("System.IAsyncDisposable", "DisposeAsync");

        IMethodSymbol? Method(string type, string name) =>
            compilation.GetTypeByMetadataName(type)?.GetMembers(name).OfType<IMethodSymbol>().FirstOrDefault();
    }

    /// <summary>The blocking calls that green threads reach, each with a shortest way to it.</summary>
    public IReadOnlyDictionary<SyntaxNode, Reached> FindBlockingCalls()
    {
        foreach (SyntaxNode use in _known.EntryNames.SelectMany(_index.UsesOf))
        {
            if (_operations.Of(use, _cancellationToken) is not IInvocationOperation call || !_known.IsEntry(call.TargetMethod))
                continue;
            Reached entry = Reached.Entry(call.TargetMethod, call.Syntax);
            foreach (IArgumentOperation argument in call.Arguments)
            {
                if (argument.Parameter?.Type.TypeKind == TypeKind.Delegate)
                    FollowDelegate(argument.Value, entry, isSpawned: true);
            }
        }
        while (_bodies.Count + _holders.Count > 0)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            if (_holders.Count > 0)
            {
                (ISymbol holder, Reached reached) = _holders.Dequeue();
                foreach (IOperation value in _sources.Of(holder, _cancellationToken))
                    FollowDelegate(value, reached, isSpawned: false);
            }
            else
            {
                (SyntaxNode body, Reached reached) = _bodies.Dequeue();
                if (_operations.Of(body, _cancellationToken) is { } operation)
                    Walk(operation, reached);
            }
        }
        return _found;
    }

    // The value runs on a green thread: find the code behind it.
    private void FollowDelegate(IOperation? value, Reached reached, bool isSpawned)
    {
        switch (value)
        {
            case IDelegateCreationOperation creation:
                FollowDelegate(creation.Target, reached, isSpawned);
                break;
            case IConversionOperation conversion:
                FollowDelegate(conversion.Operand, reached, isSpawned);
                break;
            case IParenthesizedOperation parenthesized:
                FollowDelegate(parenthesized.Operand, reached, isSpawned);
                break;
            case IAnonymousFunctionOperation lambda:
                _startedLambdas.Add(lambda.Syntax);
                // The message says where the spawn is: the lambda beside it needs no name.
                AddBody(lambda.Syntax, isSpawned ? reached : reached.ToLambda(lambda.Syntax));
                break;
            case IMethodReferenceOperation reference:
                Check(reference, reached);
                AddMethod(reference.Method, reference.IsVirtual, reached);
                break;
            case ILocalReferenceOperation local:
                AddHolder(local.Local, reached);
                break;
            case IParameterReferenceOperation parameter:
                AddHolder(parameter.Parameter, reached);
                break;
            case IPropertyReferenceOperation property:
                AddHolder(property.Property, reached);
                FollowReturns(property.Property.GetMethod, reached);
                break;
            case IMemberReferenceOperation member:
                AddHolder(member.Member, reached);
                break;
            case IConditionalOperation conditional:
                FollowDelegate(conditional.WhenTrue, reached, isSpawned);
                FollowDelegate(conditional.WhenFalse, reached, isSpawned);
                break;
            case ICoalesceOperation coalesce:
                FollowDelegate(coalesce.Value, reached, isSpawned);
                FollowDelegate(coalesce.WhenNull, reached, isSpawned);
                break;
            case ISwitchExpressionOperation choice:
                foreach (ISwitchExpressionArmOperation arm in choice.Arms)
                    FollowDelegate(arm.Value, reached, isSpawned);
                break;
            case IBinaryOperation combination:
                FollowDelegate(combination.LeftOperand, reached, isSpawned);
                FollowDelegate(combination.RightOperand, reached, isSpawned);
                break;
            case IInvocationOperation call:
                FollowReturns(call.TargetMethod, reached);
                break;
        }
    }

    // The delegates that a method returns: the method itself runs wherever it is called, they run here.
    private void FollowReturns(IMethodSymbol? method, Reached reached)
    {
        if (method is null || _operations.DeclarationOf(method, _cancellationToken) is not { } declaration || !_seenReturns.Add(declaration))
            return;
        Stack<IOperation> pending = new();
        if (_operations.Of(declaration, _cancellationToken) is { } root)
            PushChildren(root, pending);
        while (pending.Count > 0)
        {
            IOperation operation = pending.Pop();
            if (operation is IReturnOperation { ReturnedValue: { } returned })
                FollowDelegate(returned, reached, isSpawned: false);
            else if (operation is not (IAnonymousFunctionOperation or ILocalFunctionOperation))
                PushChildren(operation, pending);
        }
    }

    private void AddMethod(IMethodSymbol method, bool isVirtual, Reached reached)
    {
        method = (method.ReducedFrom ?? method).OriginalDefinition;
        if (isVirtual && _seenMethods.Add(method))
        {
            foreach (IMethodSymbol implementation in _implementations.Of(method))
                AddMethod(implementation, isVirtual: false, reached);
        }
        SyntaxNode? declaration = _operations.DeclarationOf(method, _cancellationToken);
        if (declaration is not null)
            AddBody(declaration, reached.To(method));
        if (method.MethodKind == MethodKind.Constructor)
            AddConstruction(method.ContainingType, declaration, reached);
    }

    // What a constructor runs without writing it: the initializers of the type, and the constructor of the base.
    private void AddConstruction(INamedTypeSymbol type, SyntaxNode? constructor, Reached reached)
    {
        bool callsBase = constructor is ConstructorDeclarationSyntax { Initializer: not null };
        if (!callsBase && type.BaseType is { DeclaringSyntaxReferences.Length: > 0 } @base
            && @base.InstanceConstructors.FirstOrDefault(each => each.Parameters.IsEmpty) is { } inherited
            && _seenMethods.Add(inherited.OriginalDefinition))
        {
            AddMethod(inherited, isVirtual: false, reached);
        }
        IEnumerable<SyntaxNode> parts = type.DeclaringSyntaxReferences.Select(reference => reference.GetSyntax(_cancellationToken));
        foreach (TypeDeclarationSyntax part in parts.OfType<TypeDeclarationSyntax>())
        {
            if (!_seenHolders.Add(part))
                return;
            Reached initializers = reached.To(type.InstanceConstructors[0]);
            foreach (MemberDeclarationSyntax member in part.Members)
            {
                if (member.Modifiers.Any(modifier => modifier.ValueText is "static" or "const"))
                    continue;
                if (member is PropertyDeclarationSyntax { Initializer: { } initializer })
                    AddBody(initializer, initializers);
                foreach (VariableDeclaratorSyntax variable in (member as BaseFieldDeclarationSyntax)?.Declaration.Variables ?? default)
                {
                    if (variable.Initializer is not null)
                        AddBody(variable.Initializer, initializers);
                }
            }
        }
    }

    private void AddBody(SyntaxNode body, Reached reached)
    {
        if (_seenBodies.Add(body))
            _bodies.Enqueue((body, reached));
    }

    private void AddHolder(ISymbol holder, Reached reached)
    {
        if (_operations.DeclarationOf(holder, _cancellationToken) is { } declaration)
        {
            if (_seenHolders.Add(declaration))
                _holders.Enqueue((holder.OriginalDefinition, reached));
        }
        else if (holder is IParameterSymbol { IsImplicitlyDeclared: true, ContainingSymbol: IMethodSymbol { AssociatedSymbol: { } associated } })
        {
            AddHolder(associated, reached);
        }
    }

    private void Check(IOperation operation, Reached reached)
    {
        if (_blocking.Find(operation) is not null && !_found.ContainsKey(operation.Syntax))
            _found.Add(operation.Syntax, reached);
    }

    private static void PushChildren(IOperation operation, Stack<IOperation> pending)
    {
        foreach (IOperation child in operation.ChildOperations.Reverse())
            pending.Push(child);
    }
}
