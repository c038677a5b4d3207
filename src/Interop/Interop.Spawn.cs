using System.Runtime.InteropServices;

namespace GreenThreads;

// posix_spawn(3): the C library makes the child and executes the program there, with no managed code in between. The calling thread is stopped until the program is
// loaded or has failed, and told of the failure. All of these return the error number instead of leaving it in errno.
internal static partial class Interop
{
    internal const short POSIX_SPAWN_SETPGROUP = 0x02;
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;
    internal const int SIGPIPE = 13;

    // More than the 336 and 80 bytes of glibc's.
    internal const int SpawnAttributesSize = 512;
    internal const int SpawnActionsSize = 256;

    // sizeof(sigset_t)
    internal const int SignalSetSize = 128;

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn(int* pid, byte* path, void* file_actions, void* attrp, byte** argv, byte** envp);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_init(void* attr);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_destroy(void* attr);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setflags(void* attr, short flags);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setsigmask(void* attr, void* sigmask);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setsigdefault(void* attr, void* sigdefault);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setpgroup(void* attr, int pgroup);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_init(void* file_actions);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_destroy(void* file_actions);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_adddup2(void* file_actions, int fd, int newfd);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_addopen(void* file_actions, int fd, byte* path, int oflag, uint mode);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_addchdir_np(void* file_actions, byte* path);

    /// <summary>Since glibc 2.34; otherwise <see cref="EntryPointNotFoundException"/>.</summary>
    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_addclosefrom_np(void* file_actions, int from);
}
