using System.Globalization;
using System.Text;

namespace GreenThreads.Conformance;

/// <summary>
/// A plain client of the Redis protocol (RESP 2) as one writes it for blocking streams: write the request, read the answer. Knows nothing
/// of green threads.
/// </summary>
internal sealed class RespClient(Stream stream) : IDisposable
{
    private readonly BufferedStream _stream = new(stream, 4096);

    public void Dispose() => _stream.Dispose();

    /// <summary>Sends a command and waits for its answer: a string, a number, a list, or null.</summary>
    internal object? Call(params string[] command)
    {
        Send(command);
        Flush();
        return Receive();
    }

    /// <summary>Puts a command into the pipeline.</summary>
    internal void Send(params string[] command)
    {
        WriteLine($"*{command.Length}");
        foreach (string argument in command)
        {
            WriteLine($"${Encoding.UTF8.GetByteCount(argument)}");
            WriteLine(argument);
        }
    }

    /// <summary>Sends what is in the pipeline.</summary>
    internal void Flush() => _stream.Flush();

    /// <summary>Waits for the next answer.</summary>
    internal object? Receive()
    {
        string line = ReadLine();
        switch (line[0])
        {
            case '+':
                return line[1..];
            case ':':
                return long.Parse(line.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            case '$':
                int length = ParseLength(line);
                if (length < 0)
                    return null;
                var text = new byte[length + 2];
                _stream.ReadExactly(text);
                return Encoding.UTF8.GetString(text, 0, length);
            case '*':
                int count = ParseLength(line);
                if (count < 0)
                    return null;
                var items = new object?[count];
                for (int i = 0; i < count; i++)
                    items[i] = Receive();
                return items;
            case '-':
                throw new IOException($"Redis: {line[1..]}");
            default:
                throw new IOException($"not an answer of Redis: {line}");
        }
    }

    private static int ParseLength(string line) => int.Parse(line.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private void WriteLine(string text) => _stream.Write(Encoding.UTF8.GetBytes(text + "\r\n"));

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            int next = _stream.ReadByte();
            if (next < 0)
                throw new EndOfStreamException("Redis closed the connection");
            if (next == '\n')
                return line.ToString();
            if (next != '\r')
                line.Append((char)next);
        }
    }
}
