using System.Diagnostics;

namespace GreenThreads.Benchmarks;

// The questions of ForeignBenchmarks in turns, round after round, and the medians of all rounds: on a machine that others use too, what disturbs one disturbs the others
// as well. The first is asked again at the end; its second ratio tells how much to believe of the rest.
internal static class ForeignCost
{
    private const int Rounds = 200;
    private const int WarmUpRounds = 60;

    internal static int Run()
    {
        var benchmarks = new ForeignBenchmarks();
        (string Name, int Calls, Func<nint> Body)[] questions =
        [
            ("P/Invoke on a green thread", ForeignBenchmarks.Calls, benchmarks.PlainCall),
            ("function pointer on a green thread", ForeignBenchmarks.Calls, benchmarks.PointerCall),
            ("Foreign.Call", ForeignBenchmarks.Calls, benchmarks.ForeignCall),
            ("Foreign.CallKeepingError", ForeignBenchmarks.Calls, benchmarks.ForeignCallKeepingError),
            ("P/Invoke with SetLastError", ForeignBenchmarks.Calls, benchmarks.PlainCallKeepingError),
            ("Foreign.Run", ForeignBenchmarks.Calls, benchmarks.ForeignRun),
            ("Foreign.RunBlocking", ForeignBenchmarks.SlowCalls, benchmarks.ForeignRunBlocking),
            ("Compute.Run", ForeignBenchmarks.SlowCalls, benchmarks.ComputeRun),
            ("P/Invoke on a green thread again", ForeignBenchmarks.Calls, benchmarks.PlainCall),
        ];
        double[][] times = [.. questions.Select(static _ => new double[Rounds])];
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            for (int i = 0; i < questions.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                questions[i].Body();
                if (round >= 0)
                    times[i][round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / questions[i].Calls;
            }
        }
        for (int i = 0; i < questions.Length; i++)
            Console.WriteLine($"{questions[i].Name,-34} {Median(times[i]),10:F1} ns, ratio {Median(times[i]) / Median(times[0]):F2}");
        return 0;
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);
}
