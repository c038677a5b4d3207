using System.Diagnostics;

namespace GreenThreads.Samples.Tests;

/// <summary>What a process has written to one of its outputs so far, line by line.</summary>
internal sealed class OutputLines
{
    private readonly List<string> _lines = [];
    private bool _hasEnded;

    /// <summary>All so far.</summary>
    internal string Text
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>For <see cref="Process.OutputDataReceived"/> and its sister.</summary>
    internal void Add(object sender, DataReceivedEventArgs received)
    {
        lock (_lines)
        {
            if (received.Data is { } line)
                _lines.Add(line);
            else
                _hasEnded = true;
            Monitor.PulseAll(_lines);
        }
    }

    /// <summary>Waits for a line that has the text in it.</summary>
    /// <returns>The line; null if the output ended, or the time passed, without it.</returns>
    internal string? WaitFor(string text)
    {
        long deadline = Environment.TickCount64 + (long)TimeLimit.Generous.TotalMilliseconds;
        lock (_lines)
        {
            for (int i = 0; ; i++)
            {
                while (i >= _lines.Count)
                {
                    long left = deadline - Environment.TickCount64;
                    if (_hasEnded || left <= 0)
                        return null;
                    Monitor.Wait(_lines, (int)left);
                }
                if (_lines[i].Contains(text, StringComparison.Ordinal))
                    return _lines[i];
            }
        }
    }
}
