using System.Buffers;
using System.Text;

namespace GreenThreads.Samples.Http;

/// <summary>The characters of RFC 9110 section 5 and RFC 9112 section 3.</summary>
internal static class HttpSyntax
{
    private static readonly SearchValues<byte> s_token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    // Visible characters, space, tab, and bytes from 128 on.
    private static readonly SearchValues<byte> s_fieldValue = Bytes(b => b == '\t' || (b >= ' ' && b != 0x7f));

    private static readonly SearchValues<byte> s_target = Bytes(b => b > ' ' && b < 0x7f && b != '#');

    private static readonly SearchValues<byte> s_host = SearchValues.Create("-._~%!$&'()*+,;=:[]0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    internal static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(s_token);

    internal static bool IsFieldValue(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(s_fieldValue);

    internal static bool IsTarget(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(s_target);

    internal static bool IsHost(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(s_host);

    /// <summary>Without the spaces and tabs around it.</summary>
    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t"u8);

    internal static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(text, other);

    /// <summary>A field line without its end: name, colon, value. False if it is none, or continues the one before (obs-fold).</summary>
    internal static bool TryParseField(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        int colon = line.IndexOf((byte)':');
        name = line[..Math.Max(colon, 0)];
        value = Trim(line[(colon + 1)..]);
        return IsToken(name) && IsFieldValue(value); // A space before the colon, or at the beginning, makes the name none.
    }

    /// <summary>Decimal digits and nothing else; false too if the number is too large for any limit.</summary>
    internal static bool TryParseNumber(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        if (text.IsEmpty || text.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        foreach (byte digit in text)
        {
            if (number > (long.MaxValue - 9) / 10)
                return false;
            number = number * 10 + (digit - '0');
        }
        return true;
    }

    private static SearchValues<byte> Bytes(Func<byte, bool> isIn) => SearchValues.Create([.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(isIn)]);
}
