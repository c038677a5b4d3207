using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace GreenThreads.Analyzers;

// What one body does: the calls in it, written or implied. With a stack of its own, not by recursion: expressions may be nested as deep as
// the compiler allows.
internal sealed partial class GreenReach
{
    private void Walk(IOperation body, Reached reached)
    {
        while (body is IDelegateCreationOperation or IConversionOperation)
            body = body.ChildOperations.First();
        Stack<IOperation> pending = new();
        PushChildren(body, pending);
        while (pending.Count > 0)
        {
            IOperation operation = pending.Pop();
            Check(operation, reached);
            switch (operation)
            {
                // Runs when it is called.
                case ILocalFunctionOperation:
                // Counts when the local is read.
                case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol.Type.TypeKind: TypeKind.Delegate } } initializer
                    when IsPlainDelegate(initializer.Value):
                case ISimpleAssignmentOperation { Target: ILocalReferenceOperation } assignment when IsPlainDelegate(assignment.Value):
                // Walked already, as something else's.
                case IAnonymousFunctionOperation lambda when !_seenBodies.Add(lambda.Syntax):
                    continue;

                case IInvocationOperation call:
                    AddMethod(call.TargetMethod, call.IsVirtual, reached);
                    if (_known.IsElsewhere(call.TargetMethod) || _known.IsEntry(call.TargetMethod))
                    {
                        PushArgumentsRunElsewhere(call.Arguments, pending);
                        if (call.Instance is not null)
                            pending.Push(call.Instance);
                        continue;
                    }
                    break;
                case IObjectCreationOperation { Constructor: { } constructor } creation:
                    AddMethod(constructor, isVirtual: false, reached);
                    if (_known.IsElsewhere(constructor))
                    {
                        PushArgumentsRunElsewhere(creation.Arguments, pending);
                        continue;
                    }
                    break;
                case IMethodReferenceOperation reference:
                    AddMethod(reference.Method, reference.IsVirtual, reached);
                    break;
                default:
                    AddReference(operation, reached);
                    AddImplied(operation, reached);
                    break;
            }
            PushChildren(operation, pending);
        }
    }

    private static void PushArgumentsRunElsewhere(IEnumerable<IArgumentOperation> arguments, Stack<IOperation> pending)
    {
        foreach (IArgumentOperation argument in arguments.Reverse())
        {
            if (argument.Parameter?.Type.TypeKind != TypeKind.Delegate || !IsPlainDelegate(argument.Value))
                pending.Push(argument);
        }
    }

    // Nothing runs when it is evaluated.
    private static bool IsPlainDelegate(IOperation value) => value switch
    {
        IDelegateCreationOperation or IAnonymousFunctionOperation or ILocalReferenceOperation or IParameterReferenceOperation
            or IFieldReferenceOperation or IPropertyReferenceOperation => true,
        IConversionOperation conversion => IsPlainDelegate(conversion.Operand),
        _ => false,
    };

    private void AddReference(IOperation operation, Reached reached)
    {
        bool isDelegate = operation.Type?.TypeKind == TypeKind.Delegate;
        bool isWritten = operation.Parent is ISimpleAssignmentOperation assignment && assignment.Target == operation;
        switch (operation)
        {
            case IPropertyReferenceOperation property:
                bool isVirtual = property.Property.IsVirtual || property.Property.IsAbstract || property.Property.IsOverride;
                if (!isWritten && property.Property.GetMethod is { } getter)
                    AddMethod(getter, isVirtual, reached);
                bool isChanged = operation.Parent is ICompoundAssignmentOperation or IIncrementOrDecrementOperation or ICoalesceAssignmentOperation;
                if ((isWritten || isChanged)
                    && property.Property.SetMethod is { } setter)
                {
                    AddMethod(setter, isVirtual, reached);
                }
                if (isDelegate && !isWritten)
                    AddHolder(property.Property, reached);
                break;
            case IEventReferenceOperation { Parent: IEventAssignmentOperation change } @event:
                if ((change.Adds ? @event.Event.AddMethod : @event.Event.RemoveMethod) is { } accessor)
                    AddMethod(accessor, @event.Event.IsVirtual || @event.Event.IsAbstract || @event.Event.IsOverride, reached);
                break;
            case IMemberReferenceOperation member when isDelegate && !isWritten:
                AddHolder(member.Member, reached);
                break;
            case ILocalReferenceOperation local when isDelegate && !isWritten:
                AddHolder(local.Local, reached);
                break;
            case IParameterReferenceOperation parameter when isDelegate && !isWritten && ComesFromOutside(parameter):
                AddHolder(parameter.Parameter, reached);
                break;
        }
    }

    // Whether the function that has the parameter may have been called by code that is not green: it made the lambda that was started, or
    // is a constructor whose parameter the whole class sees.
    private bool ComesFromOutside(IParameterReferenceOperation reference)
    {
        if (reference.Parameter.ContainingSymbol is not IMethodSymbol function || _operations.DeclarationOf(function, _cancellationToken) is not { } declaration)
            return false;
        for (SyntaxNode? node = reference.Syntax; node is not null && node != declaration; node = node.Parent)
        {
            if (_startedLambdas.Contains(node) || (node is MemberDeclarationSyntax && declaration is TypeDeclarationSyntax))
                return true;
        }
        return false;
    }

    // Calls that the source does not write out.
    private void AddImplied(IOperation operation, Reached reached)
    {
        switch (operation)
        {
            case IBinaryOperation { OperatorMethod: { } method }:
                AddMethod(method, isVirtual: false, reached);
                break;
            case IUnaryOperation { OperatorMethod: { } method }:
                AddMethod(method, isVirtual: false, reached);
                break;
            case IConversionOperation { OperatorMethod: { } method }:
                AddMethod(method, isVirtual: false, reached);
                break;
            case ICompoundAssignmentOperation { OperatorMethod: { } method }:
                AddMethod(method, isVirtual: false, reached);
                break;
            case IIncrementOrDecrementOperation { OperatorMethod: { } method }:
                AddMethod(method, isVirtual: false, reached);
                break;
            case IForEachLoopOperation { SemanticModel: { } model, Syntax: CommonForEachStatementSyntax syntax }:
                ForEachStatementInfo info = model.GetForEachStatementInfo(syntax);
                // Disposal of an interface's enumerator could be that of any type.
                IMethodSymbol? dispose = info.DisposeMethod is { ContainingType.TypeKind: not TypeKind.Interface } own ? own : null;
                foreach (IMethodSymbol? implied in new[] { info.GetEnumeratorMethod, info.MoveNextMethod, info.CurrentProperty?.GetMethod, dispose })
                {
                    if (implied is not null)
                        AddMethod(implied, isVirtual: true, reached);
                }
                break;
            case IUsingOperation @using:
                AddDisposal(@using.Resources, @using.IsAsynchronous, reached);
                break;
            case IUsingDeclarationOperation @using:
                AddDisposal(@using.DeclarationGroup, @using.IsAsynchronous, reached);
                break;
        }
    }

    private void AddDisposal(IOperation resources, bool isAsynchronous, Reached reached)
    {
        if ((isAsynchronous ? _disposeAsync : _dispose) is not { } dispose)
            return;
        if (resources is not IVariableDeclarationGroupOperation group)
        {
            AddDisposal(dispose, resources.Type, reached);
            return;
        }
        foreach (IVariableDeclaratorOperation declarator in group.Declarations.SelectMany(declaration => declaration.Declarators))
            AddDisposal(dispose, declarator.Symbol.Type, reached);
    }

    private void AddDisposal(IMethodSymbol dispose, ITypeSymbol? type, Reached reached)
    {
        if (type is null || type.TypeKind == TypeKind.TypeParameter)
            return;
        if (type.TypeKind != TypeKind.Interface)
        {
            if (type.FindImplementationForInterfaceMember(dispose) is IMethodSymbol method)
                AddMethod(method, isVirtual: true, reached);
        }
        else if (_seenMethods.Add(type) && !SymbolEqualityComparer.Default.Equals(type, dispose.ContainingType))
        {
            // Only what can be behind this interface: nearly every type is disposable. For IDisposable itself that says nothing.
            foreach (IMethodSymbol method in _implementations.Of(dispose))
            {
                if (method.ContainingType.AllInterfaces.Contains(type, SymbolEqualityComparer.Default))
                    AddMethod(method, isVirtual: false, reached);
            }
        }
    }
}
