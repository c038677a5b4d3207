namespace GreenThreads;

/// <summary>What went wrong with a file, in words that help.</summary>
internal static class FileErrors
{
    internal static SystemCallException Of(string call, int errno, string path) => new(call, errno, errno switch
    {
        Errno.ENOSPC => $"the disk is full: there is no room left for {path}",
        Errno.EDQUOT => $"the user's quota is used up where {path} is",
        Errno.EFBIG => $"{path} would be larger than the file system or RLIMIT_FSIZE (ulimit -f) allows",
        Errno.EROFS => $"the file system of {path} is read-only",
        Errno.EISDIR => $"{path} is a directory",
        Errno.EBADF => $"{path} was not opened for that",
        Errno.EMFILE or Errno.ENFILE => null,
        _ => $"the path is {path}",
    });
}
