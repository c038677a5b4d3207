using System;
using System.Collections.Generic;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GreenThreads.Analyzers;

// Where each simple name stands in the compilation: syntax only, one pass, nothing bound. In the order of trees and positions, so that of
// several ways to a call every build reports the same one.
internal sealed class NameIndex
{
    // What calls a constructor without naming its type: new(...), ": this(...)", ": base(...)".
    private const string Nameless = ".ctor";

    private readonly Dictionary<string, List<SyntaxNode>> _byName = new(StringComparer.Ordinal);

    public NameIndex(Compilation compilation, CancellationToken cancellationToken)
    {
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            foreach (SyntaxNode node in tree.GetRoot(cancellationToken).DescendantNodes())
            {
                switch (node)
                {
                    case SimpleNameSyntax name:
                        Add(name.Identifier.ValueText, name);
                        break;
                    case ImplicitObjectCreationExpressionSyntax or ConstructorInitializerSyntax:
                        Add(Nameless, node);
                        break;
                }
            }
        }
    }

    /// <summary>The expressions and initializers that call, create or assign something of that name, in order.</summary>
    public IEnumerable<SyntaxNode> UsesOf(string name)
    {
        if (!_byName.TryGetValue(name, out List<SyntaxNode>? nodes))
            yield break;
        foreach (SyntaxNode node in nodes)
        {
            if (UseOf(node) is { } use)
                yield return use;
        }
    }

    /// <summary>The same for constructors that are called without the name of their type.</summary>
    public IEnumerable<SyntaxNode> NamelessCreations => UsesOf(Nameless);

    private static SyntaxNode? UseOf(SyntaxNode node)
    {
        if (node is not SimpleNameSyntax)
            return node;
        while (node.Parent is MemberAccessExpressionSyntax or MemberBindingExpressionSyntax or QualifiedNameSyntax or AliasQualifiedNameSyntax
            && node.Parent.Span.End == node.Span.End)
        {
            node = node.Parent;
        }
        return node.Parent switch
        {
            InvocationExpressionSyntax call when call.Expression == node => call,
            ObjectCreationExpressionSyntax creation when creation.Type == node => creation,
            PrimaryConstructorBaseTypeSyntax @base when @base.Type == node => @base,
            AssignmentExpressionSyntax assignment when assignment.Left == node => assignment,
            _ => null,
        };
    }

    private void Add(string name, SyntaxNode node)
    {
        if (!_byName.TryGetValue(name, out List<SyntaxNode>? nodes))
            _byName.Add(name, nodes = new List<SyntaxNode>());
        nodes.Add(node);
    }
}
