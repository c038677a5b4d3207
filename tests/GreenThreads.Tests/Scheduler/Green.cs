namespace GreenThreads.Tests;

/// <summary>Runs a test's body on a green thread, rethrows what it throws, and fails if it hangs.</summary>
internal static class Green
{
    internal static void Run(Action body)
    {
        if (!GreenThread.Spawn(body).Join(TimeLimit.Generous))
            throw new TimeoutException("the green thread did not end");
    }
}
