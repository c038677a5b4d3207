using System.Globalization;
using System.Text;

namespace GreenThreads.Samples.Http;

/// <summary>The line "Date: ..." with its end, made once a second.</summary>
internal static class DateHeader
{
    private static Entry s_entry = new(long.MinValue, []);

    internal static ReadOnlySpan<byte> Line
    {
        get
        {
            long second = Environment.TickCount64 / 1000;
            Entry entry = Volatile.Read(ref s_entry);
            if (entry.Second != second)
            {
                entry = new Entry(second, Encoding.ASCII.GetBytes($"Date: {DateTime.UtcNow.ToString("R", CultureInfo.InvariantCulture)}\r\n"));
                Volatile.Write(ref s_entry, entry);
            }
            return entry.Line;
        }
    }

    private sealed record Entry(long Second, byte[] Line);
}
