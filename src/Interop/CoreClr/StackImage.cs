namespace GreenThreads;

/// <summary>A copy of the youngest part of a stack, under the addresses that it has there. Reused; not thread-safe.</summary>
internal sealed class StackImage
{
    /// <summary>A guess: hundreds of frames, or half a dozen catch blocks with theirs. What lies deeper is not seen.</summary>
    internal const int Capacity = 64 * 1024;

    private readonly byte[] _bytes = new byte[Capacity];
    private int _length;

    /// <summary>The words that were read from the copy.</summary>
    private readonly List<(nint Address, nint Value)> _used = [];

    internal nint Start { get; private set; }

    internal nint End => Start + _length;

    /// <summary>Copies the memory from an address up to the stack's base.</summary>
    internal bool TryCopy(SelfMemory memory, nint start, nint stackLimit, nint stackBase)
    {
        _used.Clear();
        _length = 0;
        if (start < stackLimit || start >= stackBase)
            return false;
        Start = start;
        int length = (int)Math.Min(stackBase - start, Capacity);
        if (!memory.TryRead(start, _bytes.AsSpan(0, length)))
            return false;
        _length = length;
        return true;
    }

    /// <summary>Takes over a copy that somebody else made.</summary>
    internal void Set(nint start, ReadOnlySpan<byte> bytes)
    {
        _used.Clear();
        Start = start;
        _length = Math.Min(bytes.Length, Capacity);
        bytes[.._length].CopyTo(_bytes);
    }

    internal bool TryReadWord(nint address, out nint value)
    {
        value = 0;
        nint offset = address - Start;
        if (offset < 0 || offset > _length - sizeof(long) || address % sizeof(long) != 0)
            return false;
        value = (nint)BitConverter.ToInt64(_bytes, (int)offset);
        _used.Add((address, value));
        return true;
    }

    /// <summary>Whether the words that were read are still on the stack: if not, it changed while it was copied or since.</summary>
    internal bool IsStillTrue(SelfMemory memory)
    {
        foreach ((nint address, nint value) in _used)
        {
            if (!memory.TryRead(address, out nint now) || now != value)
                return false;
        }
        return true;
    }
}
