using System.Diagnostics;

namespace GreenThreads.AspNetCoreSample;

/// <summary>
/// A closed loop: so many clients, each of which sends its next request when the last one is answered. None is sent after the time is over, but all that were are
/// waited for, and count: what a starved server leaves behind is part of its latency.
/// </summary>
internal static class Load
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1);
    private const int WarmUpClients = 20;

    internal static async Task<Figures> RunAsync(Kind kind, int clients, double seconds, CancellationToken stop)
    {
        using ServerProcess server = ServerProcess.Start(kind);
        // A server that is starved answers late, and it is to be seen how late.
        using var client = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(5) };
        await SendAsync(client, WarmUpClients, s_warmUp, stop);

        long start = Stopwatch.GetTimestamp();
        TimeSpan[] latencies = await SendAsync(client, clients, TimeSpan.FromSeconds(seconds), stop);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Array.Sort(latencies);
        return new Figures(
            Arguments.NameOf(kind),
            latencies.Length,
            latencies.Length / elapsed.TotalSeconds,
            latencies[latencies.Length / 2].TotalMilliseconds,
            latencies[latencies.Length * 99 / 100].TotalMilliseconds,
            latencies[^1].TotalMilliseconds,
            server.MostOsThreads);
    }

    private static async Task<TimeSpan[]> SendAsync(HttpClient client, int clients, TimeSpan time, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        List<TimeSpan>[] latencies = await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            var own = new List<TimeSpan>();
            do
            {
                long sent = Stopwatch.GetTimestamp();
                if (await client.GetStringAsync("/", stop) != "done")
                    throw new IOException("the server answered something else");
                own.Add(Stopwatch.GetElapsedTime(sent));
            }
            while (Stopwatch.GetElapsedTime(start) < time);
            return own;
        }));
        return [.. latencies.SelectMany(own => own)];
    }
}
