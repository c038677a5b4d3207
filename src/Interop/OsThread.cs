namespace GreenThreads;

/// <summary>OS threads of the library's own.</summary>
internal static class OsThread
{
    /// <summary>Starts one, without the caller's execution context.</summary>
    /// <returns>False if the system gives no further OS thread.</returns>
    internal static bool TryStart(Thread thread)
    {
        try
        {
            thread.UnsafeStart();
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }
}
