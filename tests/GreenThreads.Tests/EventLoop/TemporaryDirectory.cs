using System.Diagnostics.CodeAnalysis;

namespace GreenThreads.Tests;

/// <summary>A directory of a test's own, deleted with all in it at the end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("green-threads-");

    internal string FullName => _directory.FullName;

    public void Dispose() => _directory.Delete(recursive: true);

    internal string PathOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Writes a file and returns its path.</summary>
    [SuppressMessage("Interoperability", "CA1416", Justification = "The library runs on Linux only.")]
    internal string Write(string name, string content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        string path = PathOf(name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, mode);
        return path;
    }
}
