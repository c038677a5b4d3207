using System.Diagnostics;

namespace GreenThreads.Benchmarks;

// The questions of ContextBenchmarks in turns, round after round, and the medians of all rounds: on a machine that others use too, what disturbs one disturbs
// the others as well. The first is asked again at the end; its second ratio tells how much to believe of the rest.
internal static class ContextCost
{
    private const int Rounds = 150;
    private const int WarmUpRounds = 20;

    internal static int Run()
    {
        var benchmarks = new ContextBenchmarks();
        benchmarks.Start();
        (string Name, Action Body)[] questions =
        [
            ("empty context", benchmarks.Empty),
            ("an AsyncLocal flows", benchmarks.AsyncLocalFlows),
            ("an AsyncLocal, flow suppressed", benchmarks.FlowSuppressed),
            ("the body sets an AsyncLocal", benchmarks.AsyncLocalSet),
            ("a thread static, kept", benchmarks.KeptThreadStatic),
            ("a ThreadLocal, kept", benchmarks.KeptThreadLocal),
            ("fresh, none touched", benchmarks.Fresh),
            ("a thread static, fresh", benchmarks.FreshThreadStatic),
            ("a ThreadLocal, fresh", benchmarks.FreshThreadLocal),
            ("empty context again", benchmarks.Empty),
        ];
        double[][] times = [.. questions.Select(static _ => new double[Rounds])];
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            for (int i = 0; i < questions.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                questions[i].Body();
                if (round >= 0)
                    times[i][round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / ContextBenchmarks.Spawns;
            }
        }
        benchmarks.End();
        for (int i = 0; i < questions.Length; i++)
            Console.WriteLine($"{questions[i].Name,-32} {Median(times[i]),8:F0} ns, ratio {Median(times[i]) / Median(times[0]):F2}");
        return 0;
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);
}
