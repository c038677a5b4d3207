using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace GreenThreads.AspNetCoreSample;

/// <summary>What came of one kind of server. The latencies are of all requests, also of those that were answered after the load's time.</summary>
internal sealed record Figures(
    string Kind, int Requests, double RequestsPerSecond, double P50Milliseconds, double P99Milliseconds, double MaximumMilliseconds, int OsThreads)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static void PrintHead(int clients, double seconds)
    {
        Console.WriteLine($"Task.Delay(100) in an endpoint, {clients:N0} clients, {seconds} s of load; {RuntimeInformation.FrameworkDescription}, "
            + $"{Environment.ProcessorCount} cores, green threads {GreenRuntime.Mode.ToString().ToLowerInvariant()}");
        Console.WriteLine();
        Console.WriteLine($"{"",-36}{"requests/s",12}{"p50 ms",12}{"p99 ms",12}{"max ms",12}{"OS threads",12}");
    }

    internal void Print() => Console.WriteLine(string.Format(CultureInfo.InvariantCulture,
        "{0,-36}{1,12:N0}{2,12:N0}{3,12:N0}{4,12:N0}{5,12:N0}", Title, RequestsPerSecond, P50Milliseconds, P99Milliseconds, MaximumMilliseconds, OsThreads));

    internal static void PrintJson(IReadOnlyList<Figures> all) => Console.WriteLine(JsonSerializer.Serialize(all, s_json));

    private string Title => Kind switch
    {
        "without" => "without: .Wait() on the thread pool",
        "with" => "with: .Wait() on green threads",
        _ => "async: await on the thread pool",
    };
}
