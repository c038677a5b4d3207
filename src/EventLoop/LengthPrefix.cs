namespace GreenThreads;

/// <summary>How the length of a message stands before it.</summary>
public enum LengthPrefix
{
    /// <summary>Four bytes, the most significant first, as in most protocols.</summary>
    UInt32BigEndian,

    /// <summary>Four bytes, the least significant first.</summary>
    UInt32LittleEndian,

    /// <summary>Two bytes, the most significant first, as for DNS over TCP.</summary>
    UInt16BigEndian,

    /// <summary>Two bytes, the least significant first.</summary>
    UInt16LittleEndian,
}
