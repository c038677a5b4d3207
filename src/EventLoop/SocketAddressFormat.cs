using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace GreenThreads;

// sockaddr_in and sockaddr_in6 as bytes: family (native order), port (big-endian), then
//   IPv4: address at 4                                    16 bytes in all
//   IPv6: flow at 4, address at 8, scope (native) at 24   28 bytes in all
internal static class SocketAddressFormat
{
    internal const int MaximumSize = 28;
    private const int SizeOfIPv4 = 16;

    internal static int FamilyOf(IPEndPoint endPoint) => endPoint.AddressFamily switch
    {
        AddressFamily.InterNetwork => Interop.AF_INET,
        AddressFamily.InterNetworkV6 => Interop.AF_INET6,
        _ => throw new ArgumentException("Only IPv4 and IPv6 addresses are supported.", nameof(endPoint)),
    };

    /// <summary>Writes the address and returns its size.</summary>
    internal static int Write(IPEndPoint endPoint, Span<byte> address)
    {
        int family = FamilyOf(endPoint);
        address.Clear();
        MemoryMarshal.Write(address, (ushort)family);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)endPoint.Port);
        if (family == Interop.AF_INET)
        {
            endPoint.Address.TryWriteBytes(address[4..], out _);
            return SizeOfIPv4;
        }
        endPoint.Address.TryWriteBytes(address[8..], out _);
        MemoryMarshal.Write(address[24..], (uint)endPoint.Address.ScopeId);
        return MaximumSize;
    }

    /// <summary>The address if it is one of the internet's, otherwise null: a Unix socket's is longer than there is room for, and is not needed.</summary>
    internal static unsafe IPEndPoint? TryRead(byte* address, int size) =>
        // SAFETY: the kernel has written the first min(size, MaximumSize) bytes.
        size >= SizeOfIPv4 && size <= MaximumSize && *(ushort*)address is Interop.AF_INET or Interop.AF_INET6
            ? Read(new ReadOnlySpan<byte>(address, size))
            : null;

    internal static IPEndPoint Read(ReadOnlySpan<byte> address)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return MemoryMarshal.Read<ushort>(address) == Interop.AF_INET
            ? new IPEndPoint(new IPAddress(address.Slice(4, 4)), port)
            : new IPEndPoint(new IPAddress(address.Slice(8, 16), MemoryMarshal.Read<uint>(address[24..])), port);
    }
}
