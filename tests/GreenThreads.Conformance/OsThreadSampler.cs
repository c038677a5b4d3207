using System.Globalization;

namespace GreenThreads.Conformance;

/// <summary>Looks how many OS threads the process has, every few milliseconds, from an OS thread of its own that is not counted.</summary>
internal sealed class OsThreadSampler : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(5);

    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _thread;
    private int _most;

    internal OsThreadSampler()
    {
        Before = Count();
        _most = Before;
        _thread = new Thread(Sample) { IsBackground = true, Name = "sampler" };
        _thread.Start();
    }

    /// <summary>How many there were at the beginning.</summary>
    internal int Before { get; }

    /// <summary>The most that were seen so far.</summary>
    internal int Most => Volatile.Read(ref _most);

    public void Dispose()
    {
        _end.Set();
        _thread.Join();
        _end.Dispose();
    }

    private void Sample()
    {
        do
            Volatile.Write(ref _most, Math.Max(_most, Count() - 1));
        while (!_end.Wait(s_period));
    }

    private static int Count()
    {
        const string Field = "Threads:";
        string line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith(Field, StringComparison.Ordinal));
        return int.Parse(line.AsSpan(Field.Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
    }
}
