using System.Runtime.InteropServices;

namespace GreenThreads;

// The buffers that the kernel receives into (IORING_REGISTER_PBUF_RING): it takes one when there is something to receive, not when the receive is
// submitted, so ten thousand idle connections need none. A buffer is the kernel's until a completion names it, then that of the ReceiveQueue whose bytes
// lie in it, and the kernel's again after Return.
//
// The memory is mapped, not the collector's, so nothing needs to be pinned. It stays until the ring has no operation under way, and no queue has
// bytes in it (TakeHolders: they copy them).
internal sealed unsafe class BufferRing
{
    // Who receives more than one of them holds has it in several. A guess.
    internal const int DefaultSize = 4096;

    private readonly ReceiveQueue?[] _holders; // Who has bytes in a buffer. Guarded by _gate.
    private readonly Interop.io_uring_buf* _ring;
    private readonly byte* _buffers;
    private readonly nint _mappedSize;
    private SpinGate _gate;
    private ushort _tail; // Guarded by _gate.
    private bool _isDisposed;

    /// <param name="group">What the kernel knows it by, in one ring.</param>
    /// <param name="count">How many; a power of two, at most 32,768.</param>
    /// <param name="size">Bytes of each.</param>
    internal BufferRing(ushort group, int count, int size)
    {
        Group = group;
        Count = count;
        Size = size;
        _holders = new ReceiveQueue?[count];
        nint ringSize = (count * sizeof(Interop.io_uring_buf) + Environment.SystemPageSize - 1) & ~(Environment.SystemPageSize - 1);
        _mappedSize = ringSize + (nint)count * size;
        nint memory = Interop.mmap(0, _mappedSize, Interop.PROT_READ | Interop.PROT_WRITE, Interop.MAP_PRIVATE | Interop.MAP_ANONYMOUS, -1, 0);
        if (memory == Interop.MAP_FAILED)
            throw new SystemCallException("mmap", Marshal.GetLastPInvokeError());
        // SAFETY: one mapping, the ring first, which must be aligned to a page, then the buffers.
        _ring = (Interop.io_uring_buf*)memory;
        _buffers = (byte*)(memory + ringSize);
        for (int id = 0; id < count; id++)
            Put(id);
    }

    internal ushort Group { get; }

    internal int Count { get; }

    internal int Size { get; }

    /// <summary>Tells the kernel.</summary>
    /// <returns>0 or an error number.</returns>
    internal int RegisterWith(IoUring ring)
    {
        var registration = new Interop.io_uring_buf_reg { ring_addr = (ulong)_ring, ring_entries = (uint)Count, bgid = Group };
        // SAFETY: the kernel reads the registration during the call; the ring stays mapped until the kernel has let go of it.
        return ring.Register(Interop.IORING_REGISTER_PBUF_RING, &registration, 1);
    }

    /// <summary>What lies in a buffer. The caller has it: between the completion that named it and <see cref="Return"/>.</summary>
    // SAFETY: mapped until nobody has a buffer.
    internal ReadOnlySpan<byte> Bytes(int id, int start, int length) => new(_buffers + (nint)id * Size + start, length);

    /// <summary>A completion named the buffer; the queue has bytes in it.</summary>
    internal void SetHolder(int id, ReceiveQueue queue)
    {
        using (_gate.Enter())
            _holders[id] = queue;
    }

    /// <summary>Gives a buffer back to the kernel. Any thread.</summary>
    internal void Return(int id)
    {
        using (_gate.Enter())
        {
            if (_isDisposed)
                return;
            _holders[id] = null;
            Put(id);
        }
    }

    /// <summary>Those who still have bytes here, each perhaps several times. To be called when no operation is under way.</summary>
    internal ReceiveQueue[] TakeHolders()
    {
        using (_gate.Enter())
            return [.. _holders.OfType<ReceiveQueue>()];
    }

    /// <summary>Unmaps it, when nobody has bytes here and the kernel has let go of it.</summary>
    internal void Dispose()
    {
        using (_gate.Enter())
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }
        _ = Interop.munmap((nint)_ring, _mappedSize);
    }

    private void Put(int id)
    {
        // SAFETY: the entry is ours: the kernel has taken it, since there are as many entries as buffers. Field by field, because the tail overlaps the first.
        Interop.io_uring_buf* entry = &_ring[_tail & (Count - 1)];
        entry->addr = (ulong)(_buffers + (nint)id * Size);
        entry->len = (uint)Size;
        entry->bid = (ushort)id;
        Volatile.Write(ref _ring->tail, ++_tail); // Release: the kernel reads the tail first.
    }
}
