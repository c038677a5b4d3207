using System.Collections.Immutable;
using System.Composition;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Operations;

namespace GreenThreads.Analyzers;

// Thread.Sleep(int)      -> GreenThread.Sleep(TimeSpan.FromMilliseconds(...))
// Thread.Sleep(TimeSpan) -> GreenThread.Sleep(...)
// Using directives that are missing are added. For sockets, mutexes and name lookups there is no fix: the
// green way has other types, or is another design.
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(SleepCodeFix))]
[Shared]
public sealed class SleepCodeFix : CodeFixProvider
{
    private const string Title = "Use GreenThread.Sleep";

    private static readonly SyntaxAnnotation s_needsUsing = new();

    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(Rules.SleepId);

    // All of a document at once: fixes one by one could each add the same using directive.
    public override FixAllProvider GetFixAllProvider() =>
        FixAllProvider.Create(async (context, document, diagnostics) => await FixAsync(document, diagnostics, context.CancellationToken).ConfigureAwait(false));

    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        // A method group (a delegate of Thread.Sleep) is reported too, and has no such fix.
        if (await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false) is { } root
            && CallAt(root, context.Diagnostics[0]) is not null)
        {
            CodeAction action = CodeAction.Create(Title, cancellationToken => FixAsync(context.Document, context.Diagnostics, cancellationToken), Title);
            context.RegisterCodeFix(action, context.Diagnostics);
        }
    }

    private static InvocationExpressionSyntax? CallAt(SyntaxNode root, Diagnostic diagnostic) =>
        root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true) as InvocationExpressionSyntax;

    private static async Task<Document> FixAsync(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
        Compilation compilation = editor.SemanticModel.Compilation;
        if (compilation.GetTypeByMetadataName("GreenThreads.GreenThread") is not { } greenThread
            || compilation.GetTypeByMetadataName("System.TimeSpan") is not { } timeSpan)
            return document;
        foreach (Diagnostic diagnostic in diagnostics)
        {
            if (CallAt(editor.OriginalRoot, diagnostic) is { } call
                && editor.SemanticModel.GetOperation(call, cancellationToken) is IInvocationOperation { Arguments.Length: 1 } operation)
            {
                bool isMilliseconds = operation.TargetMethod.Parameters[0].Type.SpecialType == SpecialType.System_Int32;
                editor.ReplaceNode(call, (current, generator) => Replacement((InvocationExpressionSyntax)current, generator, isMilliseconds));
            }
        }
        return await ImportAdder.AddImportsAsync(editor.GetChangedDocument(), s_needsUsing, cancellationToken: cancellationToken).ConfigureAwait(false);

        SyntaxNode Replacement(InvocationExpressionSyntax call, SyntaxGenerator generator, bool isMilliseconds)
        {
            // Without its name: it is another parameter's now.
            SyntaxNode duration = call.ArgumentList.Arguments[0].Expression;
            if (isMilliseconds)
                duration = generator.InvocationExpression(generator.MemberAccessExpression(Type(generator, timeSpan), "FromMilliseconds"), duration);
            return generator.InvocationExpression(generator.MemberAccessExpression(Type(generator, greenThread), "Sleep"), duration)
                .WithTriviaFrom(call);
        }

        // In full; the editor shortens it as far as the file's names allow.
        static SyntaxNode Type(SyntaxGenerator generator, INamedTypeSymbol type) => generator.TypeExpression(type).WithAdditionalAnnotations(s_needsUsing);
    }
}
