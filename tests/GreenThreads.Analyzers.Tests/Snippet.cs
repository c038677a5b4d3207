using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace GreenThreads.Analyzers.Tests;

// Compiles pieces of source against this process's own assemblies, the real GreenThreads among them, and runs the analyzer and the fix on
// them.
// Rejected: the Microsoft.CodeAnalysis.*.Testing packages: they fetch reference assemblies when the tests run.
internal static class Snippet
{
    public const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Net;
        using System.Net.Sockets;
        using System.Threading;
        using System.Threading.Tasks;
        using GreenThreads;

        """;

    private static readonly ImmutableArray<MetadataReference> s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is { } name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "GreenThreads.dll" or "netstandard.dll" or "mscorlib.dll"))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static readonly CSharpCompilationOptions s_options = new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable);

    // What is derived from one compilation shares the symbols of the references.
    private static readonly CSharpCompilation s_empty = CSharpCompilation.Create("snippet", references: s_references);

    /// <summary>What is reported for members of one class, as "GT0001 Thread.Sleep(1)" in the order of the source.</summary>
    public static string[] Report(string members) => [.. Diagnose(InClass(members)).Select(Describe)];

    /// <summary>The same for whole files.</summary>
    public static string[] ReportFiles(params string[] files) => [.. Diagnose(files).Select(Describe)];

    /// <summary>The same for top-level statements.</summary>
    public static string[] ReportProgram(string statements)
    {
        Compilation compilation = Compile(s_options.WithOutputKind(OutputKind.ConsoleApplication), Usings + statements);
        return [.. Analyze(compilation, new GreenThreadBlockingAnalyzer()).Select(Describe)];
    }

    public static string InClass(string members) => $$"""
        {{Usings}}
        class Program
        {
        {{members}}
        }
        """;

    public static ImmutableArray<Diagnostic> Diagnose(params string[] files) => Analyze(Compile(s_options, files), new GreenThreadBlockingAnalyzer());

    public static Compilation Compile(params string[] files) => Compile(s_options, files);

    private static CSharpCompilation Compile(CSharpCompilationOptions options, params string[] files)
    {
        CSharpCompilation compilation = s_empty.WithOptions(options).AddSyntaxTrees(files.Select((text, index) => CSharpSyntaxTree.ParseText(text, path: $"File{index}.cs")));
        AssertCompiles(compilation);
        return compilation;
    }

    public static ImmutableArray<Diagnostic> Analyze(Compilation compilation, DiagnosticAnalyzer analyzer)
    {
        CompilationWithAnalyzersOptions options = new(
            new AnalyzerOptions([]), onAnalyzerException: (exception, _, _) => throw new InvalidOperationException("the analyzer failed", exception),
            concurrentAnalysis: true, logAnalyzerExecutionTime: false);
        return [.. compilation.WithAnalyzers([analyzer], options).GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult()
            .OrderBy(diagnostic => diagnostic.Location.SourceTree?.FilePath, StringComparer.Ordinal).ThenBy(diagnostic => diagnostic.Location.SourceSpan)];
    }

    /// <summary>The file with every finding fixed at once, as "fix all" does; it compiles, and nothing fixable is found any more.</summary>
    public static string FixAll(string file) => Fix(file, (document, diagnostics) =>
    {
        SleepCodeFix fix = new();
        FixAllContext context = new(document, fix, FixAllScope.Document, "Use GreenThread.Sleep", fix.FixableDiagnosticIds, new Found(diagnostics), CancellationToken.None);
        return fix.GetFixAllProvider().GetFixAsync(context).GetAwaiter().GetResult()!;
    });

    /// <summary>The file with the one finding fixed by the light bulb.</summary>
    public static string FixOne(string file) => Fix(file, (document, diagnostics) => Assert.Single(Actions(document, Assert.Single(diagnostics))));

    /// <summary>How many fixes are offered for the one finding of a file.</summary>
    public static int CountFixes(string file)
    {
        using AdhocWorkspace workspace = new();
        Document document = Open(workspace, file);
        return Actions(document, Assert.Single(Diagnose(document))).Count;
    }

    private static string Fix(string file, Func<Document, ImmutableArray<Diagnostic>, CodeAction> choose)
    {
        using AdhocWorkspace workspace = new();
        Document document = Open(workspace, file);
        CodeAction action = choose(document, Diagnose(document));
        ApplyChangesOperation change = action.GetOperationsAsync(CancellationToken.None).GetAwaiter().GetResult().OfType<ApplyChangesOperation>().Single();
        Document fixedDocument = change.ChangedSolution.GetDocument(document.Id)!;
        AssertCompiles(fixedDocument.Project.GetCompilationAsync().GetAwaiter().GetResult()!);
        Assert.Empty(Diagnose(fixedDocument));
        return fixedDocument.GetTextAsync().GetAwaiter().GetResult().ToString();
    }

    private static Document Open(AdhocWorkspace workspace, string file)
    {
        ProjectInfo project = ProjectInfo.Create(
            ProjectId.CreateNewId(), VersionStamp.Default, "snippet", "snippet", LanguageNames.CSharp, compilationOptions: s_options, metadataReferences: s_references);
        return workspace.AddDocument(workspace.AddProject(project).Id, "File0.cs", SourceText.From(file));
    }

    private static ImmutableArray<Diagnostic> Diagnose(Document document)
    {
        Compilation compilation = document.Project.GetCompilationAsync().GetAwaiter().GetResult()!;
        AssertCompiles(compilation);
        return Analyze(compilation, new GreenThreadBlockingAnalyzer());
    }

    private static List<CodeAction> Actions(Document document, Diagnostic diagnostic)
    {
        List<CodeAction> actions = [];
        new SleepCodeFix().RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), CancellationToken.None)).GetAwaiter().GetResult();
        return actions;
    }

    private static void AssertCompiles(Compilation compilation) =>
        Assert.Empty(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));

    private static string Describe(Diagnostic diagnostic) =>
        $"{diagnostic.Id} {diagnostic.Location.SourceTree!.GetText().ToString(diagnostic.Location.SourceSpan)}";

    private sealed class Found(ImmutableArray<Diagnostic> diagnostics) : FixAllContext.DiagnosticProvider
    {
        public override Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>([]);

        public override Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);
    }
}
