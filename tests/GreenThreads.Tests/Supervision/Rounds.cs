namespace GreenThreads.Tests;

/// <summary>How often a race is tried.</summary>
internal static class Rounds
{
    /// <summary>Fewer times in bound mode, where each green thread is an OS thread to start.</summary>
    internal static int Of(int rounds) => GreenRuntime.Mode == GreenRuntimeMode.Bound ? rounds / 5 : rounds;
}
