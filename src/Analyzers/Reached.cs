using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

/// <summary>A function that runs on a green thread, and the way by which it was found first.</summary>
internal sealed class Reached
{
    private const int LongestPath = 4;

    private static readonly SymbolDisplayFormat s_short =
        SymbolDisplayFormat.CSharpShortErrorMessageFormat.WithParameterOptions(SymbolDisplayParameterOptions.None)
            .WithMemberOptions(SymbolDisplayMemberOptions.IncludeContainingType);

    private readonly SyntaxNode _entry;

    // A method or the syntax of a lambda; the called method for an entry. Named only if it is reported.
    private readonly object _step;
    private readonly Reached? _from;
    private readonly Reached _first;
    private readonly int _depth;

    private string Name => _step is IMethodSymbol method ? method.ToDisplayString(s_short) : $"lambda at {Place((SyntaxNode)_step)}";

    private string EntryName => (_from ?? this)._step is IMethodSymbol { } entry ? $"{entry.ContainingType.Name}.{entry.Name}" : "";

    private Reached(SyntaxNode entry, object step, Reached? from)
    {
        _entry = entry;
        _step = step;
        _from = from;
        _depth = from is null ? 0 : from._depth + 1;
        _first = _depth <= 1 ? this : from!._first;
    }

    /// <summary>The start of a way: the call that starts the green thread.</summary>
    public static Reached Entry(IMethodSymbol method, SyntaxNode call) => new(call, method, null);

    public Reached To(IMethodSymbol method) => new(_entry, method, this);

    public Reached ToLambda(SyntaxNode lambda) => new(_entry, lambda, this);

    // Not the whole of a long way: there may be as many findings as there are steps.
    public override string ToString()
    {
        List<string> path = new();
        Reached? step = this;
        for (; step?._from is not null && path.Count < LongestPath; step = step._from)
            path.Add($"'{step.Name}'");
        if (step?._from is not null)
        {
            path.RemoveRange(LongestPath - 2, 2);
            path.Add("...");
            path.Add($"'{_first.Name}'");
        }
        string entry = $"reached from '{_first.EntryName}' at {Place(_entry)}";
        return path.Count == 0 ? entry : $"{entry} through {string.Join(", ", Enumerable.Reverse(path))}";
    }

    private static string Place(SyntaxNode syntax)
    {
        FileLinePositionSpan span = syntax.GetLocation().GetLineSpan();
        return $"{Path.GetFileName(span.Path)}:{span.StartLinePosition.Line + 1}";
    }
}
