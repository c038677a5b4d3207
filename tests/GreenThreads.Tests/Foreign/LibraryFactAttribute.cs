using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>A test that needs a native library. Skipped where it is not installed, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LibraryFactAttribute : FactAttribute
{
    /// <param name="library">Its file.</param>
    /// <param name="package">The Debian package that has it.</param>
    public LibraryFactAttribute(string library, string package) =>
        Skip = NativeLibrary.TryLoad(library, out _) ? null : $"needs {library}: apt-get install {package}";
}

/// <summary>A test that compiles C. Skipped without a compiler, with that reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CompilerFactAttribute : FactAttribute
{
    public CompilerFactAttribute() => Skip = CCompiler.IsInstalled ? null : "needs gcc";
}

internal static class CCompiler
{
    internal static bool IsInstalled { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(static directory => File.Exists(Path.Combine(directory, "gcc")));

    /// <summary>Compiles a shared library and loads it for the rest of the process's life.</summary>
    internal static nint Load(string source)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("greenthreads-tests-");
        try
        {
            string file = Path.Combine(directory.FullName, "library.c"), library = Path.Combine(directory.FullName, "library.so");
            File.WriteAllText(file, source);
            using Process process = Process.Start(new ProcessStartInfo("gcc", ["-O1", "-shared", "-fPIC", "-o", library, file]) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error);
            return NativeLibrary.Load(library);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
