using System.Globalization;
using System.Runtime.CompilerServices;

namespace GreenThreads.Samples.Crashing;

/// <summary>One that works, and one for each way to fail. None of them catches anything: that is not their business.</summary>
internal static class Handlers
{
    internal static readonly IReadOnlyDictionary<string, Func<Job, string>> All = new Dictionary<string, Func<Job, string>>
    {
        ["echo"] = static job => job.Argument,
        ["throw"] = static job => throw new InvalidOperationException($"thrown on request: {job.Argument}"),
        ["deep"] = static job => Descend(Number(job)).ToString(CultureInfo.InvariantCulture),
        ["hog"] = static job => $"{job.Allocate(Number(job) * 1024L * 1024).Length} bytes",
        ["wait"] = static job =>
        {
            GreenThread.Sleep(TimeSpan.FromMilliseconds(Number(job)));
            return "waited";
        },
        ["block"] = static job =>
        {
            Thread.Sleep(Number(job)); // Takes the OS thread with it.
            return "blocked";
        },
        ["spin"] = static _ =>
        {
            while (true)
                GreenThread.YieldIfDue(); // Polite: it can be cancelled here.
        },
        ["loop"] = static _ =>
        {
            while (true)
                Thread.SpinWait(1000); // It cannot be ended at all.
        },
    };

    private static int Number(Job job) =>
        int.TryParse(job.Argument, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new FormatException("a number is needed");

    // Without the check the process would end: a stack overflow cannot be caught on any thread.
    private static int Descend(int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return depth == 0 ? 0 : Descend(depth - 1) + 1;
    }
}
