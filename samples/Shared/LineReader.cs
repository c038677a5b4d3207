using System.Text;

namespace GreenThreads.Samples;

/// <summary>Lines of UTF-8 of limited length: a peer that never ends its line must not make us keep all of it. (A <see cref="StreamReader"/> would.)</summary>
internal sealed class LineReader(Stream stream, int maximumLength)
{
    private readonly byte[] _bytes = new byte[maximumLength + 2]; // With the end of the line.
    private int _start;
    private int _end;

    /// <summary>The next line without its end; null at the end of the stream. What follows the last end of a line counts as a line. Parks.</summary>
    /// <exception cref="InvalidDataException">The line is longer than the maximum.</exception>
    internal string? Read()
    {
        int scanned = _start;
        while (true)
        {
            int length = _bytes.AsSpan(scanned, _end - scanned).IndexOf((byte)'\n');
            if (length >= 0)
                return Take(scanned + length, next: scanned + length + 1);
            if (_start > 0)
            {
                _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
                _end -= _start;
                _start = 0;
            }
            scanned = _end;
            if (_end == _bytes.Length)
                throw new InvalidDataException($"the line is longer than {maximumLength} bytes");
            int count = stream.Read(_bytes.AsSpan(_end));
            _end += count;
            if (count == 0)
                return _end > 0 ? Take(_end, next: _end) : null;
        }
    }

    // Control characters would be orders to somebody's terminal.
    private string Take(int end, int next)
    {
        string line = Encoding.UTF8.GetString(_bytes, _start, end - _start).TrimEnd('\r');
        _start = next;
        return line.Any(char.IsControl) ? string.Concat(line.Select(c => char.IsControl(c) ? '?' : c)) : line;
    }
}
