using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads;

// The start of a child process, on an OS thread that may block: posix_spawn stops the calling thread until the program is loaded.
//
// What the child gets: descriptors 0, 1 and 2 and no other, even if somebody else in the process has opened one without close-on-exec; no blocked signal; and the
// usual action for SIGPIPE, which the runtime ignores. What the runtime catches is back at its usual action by exec itself, and what was ignored already when this
// process began (nohup) stays so.
//
// The child's ends are first brought to numbers above 2 (F_DUPFD_CLOEXEC), so that no dup2 of the child overwrites one that a later one needs, nor meets its own
// number, which some C libraries leave close-on-exec.
internal sealed unsafe class ChildStart : IDisposable
{
    private const int FirstFree = 3;

    private readonly List<SafeHandle> _ends = [];
    private readonly byte* _actions;
    private readonly byte* _attributes;

    private ChildStart()
    {
        // SAFETY: as large as the C library's, which initializes them.
        _actions = (byte*)NativeMemory.AllocZeroed(Interop.SpawnActionsSize);
        _attributes = (byte*)NativeMemory.AllocZeroed(Interop.SpawnAttributesSize);
        Check(Interop.posix_spawn_file_actions_init(_actions));
        Check(Interop.posix_spawnattr_init(_attributes));
    }

    internal static GreenChildProcess Run(GreenChildProcessOptions options)
    {
        string path = ProgramFile.Find(options.FileName);
        GreenPipeStream? input = null;
        GreenPipeStream? output = null;
        GreenPipeStream? error = null;
        try
        {
            int id;
            using (var start = new ChildStart())
            {
                start.Give(options.StandardInput, 0, out input);
                start.Give(options.StandardOutput, 1, out output);
                start.Give(options.StandardError, 2, out error);
                id = start.Spawn(path, options);
            }
            // What was for the child is closed, so there is room for one descriptor more.
            return new GreenChildProcess(Open(id, options.FileName), input, output, error);
        }
        catch
        {
            input?.Dispose();
            output?.Dispose();
            error?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (SafeHandle end in _ends)
            end.Dispose();
        _ = Interop.posix_spawn_file_actions_destroy(_actions);
        _ = Interop.posix_spawnattr_destroy(_attributes);
        NativeMemory.Free(_actions);
        NativeMemory.Free(_attributes);
    }

    // The end is nobody else's to take, so the process is there, as a zombie at least, and its number is its own.
    private static ChildDescriptor Open(int id, string fileName)
    {
        int descriptor = Interop.pidfd_open(id);
        if (descriptor >= 0)
            return new ChildDescriptor(descriptor, id, fileName);
        int errno = Marshal.GetLastPInvokeError();
        // It runs already, and nobody would ever wait for it.
        if (errno != Errno.ESRCH)
            Interop.EndChild(id);
        throw new SystemCallException("pidfd_open", errno, errno switch
        {
            Errno.ESRCH => "the child has ended, and somebody else in this process has waited for it",
            Errno.ENOSYS => "this needs Linux 5.4 or later",
            _ => null,
        });
    }

    /// <summary>Says what the child has as one of its three, and opens the pipe if it is one.</summary>
    private void Give(GreenChildStream stream, int number, out GreenPipeStream? ours)
    {
        ours = null;
        ArgumentNullException.ThrowIfNull(stream);
        if (stream == GreenChildStream.Piped)
        {
            SafeHandle theirs = ChildPipe.Open(isForReading: number != 0, out ours);
            _ends.Add(theirs);
            Give(theirs, number);
        }
        else if (stream == GreenChildStream.Nothing)
        {
            fixed (byte* path = "/dev/null\0"u8)
            {
                // SAFETY: copied by the C library.
                Check(Interop.posix_spawn_file_actions_addopen(_actions, number, path, Interop.O_RDWR, 0));
            }
        }
        else if (stream == GreenChildStream.AsOutput)
        {
            if (number != 2)
                throw new ArgumentException("Only the standard error can be as the standard output.");
            Check(Interop.posix_spawn_file_actions_adddup2(_actions, 1, 2));
        }
        else
        {
            using var own = new SafeFileHandle(number, ownsHandle: false);
            Give(stream.Handle ?? own, number);
        }
    }

    private void Give(SafeHandle handle, int number)
    {
        int descriptor = Interop.fcntl(handle, Interop.F_DUPFD_CLOEXEC, FirstFree);
        int errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        // One of our own that is not open: the child has none there either.
        if (errno == Errno.EBADF && (int)handle.DangerousGetHandle() == number)
            return;
        if (errno != 0)
            throw new SystemCallException("fcntl", errno);
        _ends.Add(new FileDescriptor(descriptor));
        Check(Interop.posix_spawn_file_actions_adddup2(_actions, descriptor, number));
    }

    private int Spawn(string path, GreenChildProcessOptions options)
    {
        short flags = Interop.POSIX_SPAWN_SETSIGMASK | Interop.POSIX_SPAWN_SETSIGDEF;
        byte* signals = stackalloc byte[Interop.SignalSetSize];
        new Span<byte>(signals, Interop.SignalSetSize).Clear();
        // SAFETY: sigset_t, a bit for each signal, copied by the C library.
        Check(Interop.posix_spawnattr_setsigmask(_attributes, signals));
        *(ulong*)signals = 1UL << (Interop.SIGPIPE - 1);
        Check(Interop.posix_spawnattr_setsigdefault(_attributes, signals));
        if (options.HasOwnProcessGroup)
        {
            flags |= Interop.POSIX_SPAWN_SETPGROUP;
            Check(Interop.posix_spawnattr_setpgroup(_attributes, 0));
        }
        Check(Interop.posix_spawnattr_setflags(_attributes, flags));

        IDictionary<string, string> variables = options.EnvironmentOrNull ?? GreenChildProcessOptions.EnvironmentOfThisProcess();
        using var names = new NativeStrings([path, options.WorkingDirectory ?? "."], nameof(options));
        using var arguments = new NativeStrings([options.FileName, .. options.Arguments], nameof(options));
        using var environment = new NativeStrings([.. variables.Select(static variable => $"{variable.Key}={variable.Value}")], nameof(options));
        if (options.WorkingDirectory is not null)
            Check(Interop.posix_spawn_file_actions_addchdir_np(_actions, names.Pointers[1]));
        CloseTheRest();
        int id;
        // SAFETY: all of it lives until the call returns, which is when the child has a memory of its own.
        int errno = Interop.posix_spawn(&id, names.Pointers[0], _actions, _attributes, arguments.Pointers, environment.Pointers);
        return errno == 0 ? id : throw ProgramFile.Explain(errno, path, options.WorkingDirectory);
    }

    private void CloseTheRest()
    {
        try
        {
            Check(Interop.posix_spawn_file_actions_addclosefrom_np(_actions, FirstFree));
        }
        catch (EntryPointNotFoundException)
        {
            // Before glibc 2.34: all of ours and of the framework's are close-on-exec.
        }
    }

    private static void Check(int errno)
    {
        if (errno != 0)
            throw new SystemCallException("posix_spawn", errno);
    }
}
