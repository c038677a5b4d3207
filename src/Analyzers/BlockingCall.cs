using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers;

/// <summary>What is known about one blocking member of the framework.</summary>
internal sealed class BlockingCall
{
    public BlockingCall(DiagnosticDescriptor rule, string name, string why, string instead)
    {
        Rule = rule;
        Name = name;
        Why = why;
        Instead = instead;
    }

    public DiagnosticDescriptor Rule { get; }

    public string Name { get; }

    public string Why { get; }

    public string Instead { get; }
}
