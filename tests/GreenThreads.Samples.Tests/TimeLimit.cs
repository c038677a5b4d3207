namespace GreenThreads.Samples.Tests;

/// <summary>How long something may take before the test says that it hangs: long enough for the slowest machine.</summary>
internal static class TimeLimit
{
    internal static readonly TimeSpan Generous = TimeSpan.FromSeconds(120);
}
