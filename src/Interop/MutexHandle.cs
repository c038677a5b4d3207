using System.Reflection;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads;

/// <summary>
/// Tells a <see cref="Mutex"/> from other wait handles. The OS thread that has waited for one owns it, so nobody can wait for it on behalf of another; all that
/// one sees of a handle is its number, and what the runtime does with it: only a mutex that one owns can be released.
/// </summary>
internal static class MutexHandle
{
    // Mutex.ReleaseMutex throws for all other handles, which takes longer than all the rest of a wait; so its inner half, which tells.
    private static readonly Func<SafeWaitHandle, bool>? s_release = FindRelease();

    /// <summary>Whether it was a mutex that the calling OS thread owned; it does not any more. Always false where the framework is not as it is known to be.</summary>
    internal static bool TryRelease(IntPtr handle)
    {
        using var safe = new SafeWaitHandle(handle, ownsHandle: false);
        return s_release?.Invoke(safe) ?? false;
    }

    private static Func<SafeWaitHandle, bool>? FindRelease() => typeof(Mutex).Assembly.GetType("Interop+Kernel32")
        ?.GetMethod("ReleaseMutex", BindingFlags.Static | BindingFlags.NonPublic, [typeof(SafeWaitHandle)]) is { } method && method.ReturnType == typeof(bool)
        ? method.CreateDelegate<Func<SafeWaitHandle, bool>>()
        : null;
}
