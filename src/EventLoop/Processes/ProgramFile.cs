using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>Which file a program is, and why it could not be started. All of it may block.</summary>
internal static class ProgramFile
{
    /// <summary>The absolute path of a program.</summary>
    /// <exception cref="SystemCallException">It is none of PATH.</exception>
    internal static string Find(string fileName)
    {
        if (fileName.Contains('/', StringComparison.Ordinal))
            return Path.GetFullPath(fileName); // The child may start in another directory.
        string directories = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        string? refused = null;
        foreach (string directory in directories.Split(':'))
        {
            // An empty one is the current directory.
            string path = Path.GetFullPath(Path.Combine(directory.Length == 0 ? "." : directory, fileName));
            if (!File.Exists(path))
                continue;
            if (Interop.access(path, Interop.X_OK) == 0)
                return path;
            refused ??= path;
        }
        throw refused is null
            ? new SystemCallException("posix_spawn", Errno.ENOENT, $"no directory of PATH has the program {fileName}; PATH is {directories}")
            : Explain(Errno.EACCES, refused, workingDirectory: null);
    }

    /// <summary>The exception for a start that failed. The kernel gives one number for many things, so it looks what it may be.</summary>
    internal static SystemCallException Explain(int errno, string path, string? workingDirectory)
    {
        string? hint = errno switch
        {
            Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES when IsBadDirectory(workingDirectory) => $"the working directory {workingDirectory} is none, or may not be entered",
            Errno.ENOENT when File.Exists(path) => $"{path} is there, but not the interpreter that its first line names, or the loader that it was linked for",
            Errno.ENOENT => $"there is no program {path}",
            Errno.ENOTDIR => $"a part of the path {path} is not a directory",
            Errno.EACCES when Directory.Exists(path) => $"{path} is a directory",
            Errno.EACCES => $"{path} may not be executed: it needs the permission (chmod +x), on a file system that is not mounted noexec, in directories that may be entered",
            Errno.ENOEXEC => $"{path} is no program of this machine; a script needs a first line with its interpreter, as #!/bin/sh",
            Errno.E2BIG => "the arguments and the environment together are too long, or one of them is",
            Errno.EAGAIN => "the limit of processes is met (ulimit -u, or pids.max of the control group)",
            Errno.ENOMEM => "there is no memory for a process",
            _ => path,
        };
        return new SystemCallException("posix_spawn", errno, hint);
    }

    private static bool IsBadDirectory(string? path) => path is not null && (!Directory.Exists(path) || Interop.access(path, Interop.X_OK) != 0);
}
