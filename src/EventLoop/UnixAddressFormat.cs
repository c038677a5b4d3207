using System.Runtime.InteropServices;
using System.Text;

namespace GreenThreads;

// sockaddr_un as bytes: the family (2 bytes, native order), then the name.
//   a path:   UTF-8, followed by a zero byte
//   abstract: a zero byte, then the name, as long as the size says
internal static class UnixAddressFormat
{
    internal const int MaximumSize = 110;
    private const int NameOffset = 2;

    // Of the 108 bytes, one is the zero byte behind a path or before a name.
    private const int LongestName = MaximumSize - NameOffset - 1;

    /// <summary>Whether a name is an abstract one: <c>@name</c>, or with a zero character for the <c>@</c>.</summary>
    internal static bool IsAbstract(string name) => name[0] is '@' or '\0';

    /// <summary>How it is shown: abstract names with an <c>@</c>, as ss and /proc/net/unix do.</summary>
    internal static string Shown(string name) => name[0] == '\0' ? string.Concat("@", name.AsSpan(1)) : name;

    /// <summary>Writes the address and returns its size.</summary>
    /// <exception cref="ArgumentException">The name is empty, too long, or a path with a zero character.</exception>
    internal static int Write(string name, Span<byte> address)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        bool isAbstract = IsAbstract(name);
        ReadOnlySpan<char> text = isAbstract ? name.AsSpan(1) : name;
        if (!isAbstract && text.Contains('\0'))
            throw new ArgumentException("A path has no zero character.", nameof(name));
        int length = Encoding.UTF8.GetByteCount(text);
        if (length > LongestName || length == 0)
            throw new ArgumentException($"The name of a Unix socket has from 1 to {LongestName} bytes, and \"{Shown(name)}\" has {length}.", nameof(name));
        address[..MaximumSize].Clear();
        MemoryMarshal.Write(address, (ushort)Interop.AF_UNIX);
        Encoding.UTF8.GetBytes(text, address[(isAbstract ? NameOffset + 1 : NameOffset)..]);
        return NameOffset + 1 + length;
    }
}
