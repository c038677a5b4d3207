using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>Green threads that are only looked at, each with a number. The same in every world.</summary>
internal static class ModelItems
{
    private static readonly GreenThread[] s_threads =
        [.. Enumerable.Range(0, 64).Select(_ => (GreenThread)RuntimeHelpers.GetUninitializedObject(typeof(GreenThread)))];

    internal static GreenThread Get(int number) => s_threads[number];

    internal static int NumberOf(GreenThread? thread) => Array.IndexOf(s_threads, thread);
}
