namespace GreenThreads;

// Asynchronous code that waits for a socket of the framework's shows in no number: it has no thread, no timer and no work item. Its descriptor is registered in
// an epoll set that is none of ours, and the kernel lists what is registered there (/proc/self/fdinfo/N, a line "tfd:" each; proc(5)).
internal static class ForeignSockets
{
    /// <summary>Whether somebody may wait for a descriptor through an epoll set that is not one of ours.</summary>
    internal static bool HaveAny()
    {
        HashSet<int> ours = OwnedInterests.PollDescriptors();
        foreach (string path in Directory.EnumerateFiles("/proc/self/fd"))
        {
            var link = new FileInfo(path);
            if (link.LinkTarget == "anon_inode:[eventpoll]" && int.TryParse(link.Name, out int descriptor) && !ours.Contains(descriptor)
                && File.ReadAllText($"/proc/self/fdinfo/{descriptor}").Contains("tfd:", StringComparison.Ordinal))
                return true;
        }
        return false;
    }
}
