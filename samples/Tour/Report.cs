using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace GreenThreads.Tour;

/// <summary>Prints each figure when it is there, as a table, or all of them at the end as JSON.</summary>
internal sealed class Report(bool asJson)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly MachineFigures _machine = MachineFigures.Read();
    private ParkedFigures? _parked;
    private EchoFigures? _echo;
    private YieldFigures? _yield;

    internal void Start()
    {
        if (asJson)
            return;
        Console.WriteLine($"GreenThreads on {_machine.Runtime}, {_machine.Cpu}, {_machine.Cores} cores, mode: {_machine.Mode}");
    }

    internal void Note(string note)
    {
        if (!asJson)
            Console.WriteLine(note);
    }

    internal void Add(ParkedFigures figures)
    {
        _parked = figures;
        Title($"{figures.Threads:N0} green threads parked {figures.Frames} frames deep");
        Row("created and parked in", figures.CreationMilliseconds, "ms");
        Row("memory of each, its objects included", figures.BytesPerThread / 1024, "KB", 1);
        Row("forced compacting collections meanwhile", figures.Collections, "");
        Row("longest of them", figures.LongestCollectionMilliseconds, "ms", 1);
        Row("objects checked by the frames that own them", figures.ObjectsChecked, "");
        Row("  of them moved by the collector", figures.ObjectsMoved, "");
        Row("  of them damaged", figures.Damaged.Count, figures.Damaged.Count == 0 ? "" : "(or more; see below)");
    }

    internal void Add(EchoFigures figures)
    {
        _echo = figures;
        Title($"echo server in blocking style, {figures.Connections:N0} connections from a second process");
        Row("requests per second", figures.RequestsPerSecond, "");
        Row("p50", figures.P50Microseconds / 1000, "ms", 2);
        Row("p99", figures.P99Microseconds / 1000, "ms", 2);
        Row("OS threads of the server", figures.OsThreads, "");
    }

    internal void Add(YieldFigures figures)
    {
        _yield = figures;
        Title("two green threads that yield to each other");
        Row("yields per second", figures.YieldsPerSecond, "");
        Row("time of each", figures.NanosecondsPerYield, "ns", 1);
    }

    internal void End()
    {
        if (asJson)
            Console.WriteLine(JsonSerializer.Serialize(new { Machine = _machine, Parked = _parked, Echo = _echo, Yield = _yield }, s_json));
    }

    private void Title(string title)
    {
        if (!asJson)
            Console.WriteLine($"{Environment.NewLine}{title}");
    }

    private void Row(string what, double value, string unit, int decimals = 0)
    {
        if (!asJson)
            Console.WriteLine($"  {what,-44} {value.ToString($"N{decimals}", CultureInfo.InvariantCulture),14} {unit}".TrimEnd());
    }
}

/// <summary>Where the figures were taken.</summary>
internal sealed record MachineFigures(string Runtime, string Cpu, int Cores, string Mode)
{
    internal static MachineFigures Read()
    {
        const string key = "model name";
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        string cpu = line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return new MachineFigures(RuntimeInformation.FrameworkDescription, cpu, Environment.ProcessorCount, GreenRuntime.Mode.ToString());
    }
}
