namespace GreenThreads.TestProcess;

/// <summary>For Main, which may block its OS thread.</summary>
internal static class Waiting
{
    /// <summary>Waits for what is sure to come; whoever started the process has a limit of time.</summary>
    internal static void Until(Func<bool> condition)
    {
        while (!condition())
            Thread.Yield();
    }
}
