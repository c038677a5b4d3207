using System.Runtime.InteropServices;
using System.Text;

namespace GreenThreads;

/// <summary>Strings for system calls that take them as an array that ends with null, as argv.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly byte** _pointers;
    private readonly int _count;

    /// <exception cref="ArgumentException">One has a NUL in it.</exception>
    internal NativeStrings(IReadOnlyCollection<string> strings, string what)
    {
        // SAFETY: zeroed, with one place more than there are strings, so it ends with null at any time.
        _pointers = (byte**)NativeMemory.AllocZeroed((nuint)strings.Count + 1, (nuint)sizeof(byte*));
        try
        {
            foreach (string text in strings)
                _pointers[_count++] = Copy(text, what);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal byte** Pointers => _pointers;

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
            NativeMemory.Free(_pointers[i]);
        NativeMemory.Free(_pointers);
    }

    private static byte* Copy(string text, string what)
    {
        ArgumentNullException.ThrowIfNull(text, what);
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("A string with a NUL in it cannot be given to a process.", what);
        int length = Encoding.UTF8.GetByteCount(text);
        // SAFETY: one byte more than the text, for the NUL at its end.
        byte* copy = (byte*)NativeMemory.Alloc((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(copy, length));
        copy[length] = 0;
        return copy;
    }
}
