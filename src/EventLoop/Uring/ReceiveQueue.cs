using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>What a read finds in a <see cref="ReceiveQueue"/>.</summary>
internal enum ReceiveOutcome
{
    /// <summary>Bytes, or what stands for none of them.</summary>
    Taken,

    /// <summary>Nothing yet: the kernel receives into the queue, and an edge of the interest tells when there is something.</summary>
    Nothing,

    /// <summary>Nobody receives into the queue: the reader receives itself, then calls <see cref="ReceiveQueue.EndDirect"/>.</summary>
    Direct,
}

// What a socket has received by a multishot receive of a SocketRing and nobody has read yet, in order.
//
//  Direct -> Armed      // a reader found nothing and submits the receive (SocketRing.TryArm); nobody may call recv until it has ended
//  Armed  -> Stopping   // too much lies here: the receive is being cancelled, so that the peer feels that nobody reads
//  Armed, Stopping -> Direct   // its last completion: end of the stream, error, cancelled, or the ring had no buffer left
//
// The receive belongs to no reader. A reader waits for an edge of the interest as it does with epoll, only that this queue makes the edge; when it gives up,
// what comes later is there for the next one. So nothing is lost when a green thread is cancelled, the kernel never knows a reader's buffer, and every
// kind of waiter (green threads on other schedulers, OS threads, asynchronous calls) can wait here. Bytes that are left when the receive has
// ended are read first, then the error if there was one, then recv(2) is called again.
//
// No wake-up is lost: an arrival is put here first and counted as an edge then; a reader reads the count, looks here, then waits for another count
// (Interest.cs). The end of the receive counts as an edge too: the reader must arm it again or wait for epoll.
//
// Order of locks: the ring's gate, this gate, then that of the interest or of the buffers.
internal sealed class ReceiveQueue : RingOperation
{
    // Buffers that may wait here before the receive is stopped: 64 KB, about half of what the kernel's own buffer begins with. A guess.
    private const int MostChunks = 16;

    private readonly Interest _interest;
    private SpinGate _gate;

    // All guarded by _gate.
    private readonly Queue<Chunk> _chunks = new();
    private int _firstStart; // How much of the first chunk was read.
    private int _direct;
    private int _errno;
    private bool _isArmed;
    private bool _isStopping;
    private bool _isClosed;
    private SocketRing? _ring;
    private BufferRing? _buffers; // Those of the receive.

    internal ReceiveQueue(Interest interest) => _interest = interest;

    // Bytes in a provided buffer, or in an array.
    private readonly record struct Chunk(BufferRing? Ring, int Id, byte[]? Copy, int Length)
    {
        internal ReadOnlySpan<byte> From(int start) =>
            Copy is null ? Ring!.Bytes(Id, start, Length - start) : new ReadOnlySpan<byte>(Copy, start, Length - start);
    }

    internal int Descriptor => _interest.Descriptor;

    internal Interest Interest => _interest;

    /// <summary>Whether the kernel receives into it at this moment; when that ends, an edge tells.</summary>
    internal bool IsArmed => Volatile.Read(ref _isArmed);

    /// <summary>How many buffers lie here; for tests.</summary>
    internal int ChunkCount
    {
        get
        {
            using (_gate.Enter())
                return _chunks.Count;
        }
    }

    /// <summary>Whether somebody must be told of what comes; for the rescue. May be out of date.</summary>
    internal bool HasReaders => _interest.HasWaiters(WaitDirection.Read);

    /// <summary>Takes what there is.</summary>
    /// <exception cref="SystemCallException">The receive failed, and all that came before was read.</exception>
    internal ReceiveOutcome TryTake(Span<byte> buffer, out int count)
    {
        count = 0;
        int errno;
        using (_gate.Enter())
        {
            while (_chunks.TryPeek(out Chunk first))
            {
                ReadOnlySpan<byte> bytes = first.From(_firstStart);
                int copied = Math.Min(bytes.Length, buffer.Length);
                bytes[..copied].CopyTo(buffer);
                buffer = buffer[copied..];
                count += copied;
                _firstStart += copied;
                if (copied < bytes.Length)
                    return ReceiveOutcome.Taken;
                RemoveFirst();
                if (buffer.IsEmpty)
                    return ReceiveOutcome.Taken;
            }
            if (count > 0)
                return ReceiveOutcome.Taken;
            if (_errno == 0)
            {
                if (_isArmed)
                    return ReceiveOutcome.Nothing;
                _direct++;
                return ReceiveOutcome.Direct;
            }
            errno = _errno;
            _errno = 0;
        }
        throw new SystemCallException("recv", errno);
    }

    internal void EndDirect()
    {
        using (_gate.Enter())
            _direct--;
    }

    /// <summary>A receive is about to be submitted. Called under the ring's gate.</summary>
    /// <returns>False if there must be none: one of them reads by itself, or it is closed.</returns>
    internal bool TryBeginArm(SocketRing ring, BufferRing buffers, out bool isArmedAlready)
    {
        using (_gate.Enter())
        {
            isArmedAlready = _isArmed;
            if (_isArmed || _isClosed || _direct > 0 || _chunks.Count > 0 || _errno != 0)
                return false;
            _isArmed = true;
            _isStopping = false;
            _ring = ring;
            _buffers = buffers;
            return true;
        }
    }

    internal override void OnCompletion(int result, uint flags, List<WaitNode> ready)
    {
        using (_gate.Enter())
        {
            SocketRing ring = _ring!;
            BufferRing buffers = _buffers!;
            if ((flags & Interop.IORING_CQE_F_BUFFER) != 0)
            {
                int id = (int)(flags >> Interop.IORING_CQE_BUFFER_SHIFT);
                if (result > 0 && !_isClosed)
                {
                    buffers.SetHolder(id, this);
                    _chunks.Enqueue(new Chunk(buffers, id, null, result));
                }
                else
                {
                    buffers.Return(id);
                }
            }
            if (result == -Errno.ENOBUFS)
                ring.NoteLackOfBuffers(buffers);
            // Without a buffer left, or cancelled, it only ends: whoever reads next calls recv(2).
            if (result < 0 && result is not (-Errno.ENOBUFS or -Errno.ECANCELED or -Errno.EAGAIN or -Errno.EINTR or -Errno.ENOMEM) && !_isClosed)
                _errno = -result;
            if ((flags & Interop.IORING_CQE_F_MORE) == 0)
            {
                _isArmed = false;
                _ring = null;
                _buffers = null;
            }
            else if (_chunks.Count >= MostChunks && !_isStopping)
            {
                _isStopping = true;
                ring.CancelSoon(this);
            }
        }
        _interest.OnArrival(ready);
    }

    /// <summary>
    /// For a ring whose owner is stuck: receives in the kernel's place what lies in the socket. Called under the ring's gate, which the owner needs to let the kernel
    /// receive, so the order is kept.
    /// </summary>
    internal unsafe void Rescue(List<WaitNode> ready)
    {
        using (_gate.Enter())
        {
            if (!_isArmed || _isClosed || _chunks.Count >= MostChunks)
                return;
            byte[] bytes = new byte[BufferRing.DefaultSize];
            nint received;
            fixed (byte* start = bytes)
            {
                // SAFETY: the array is pinned; the descriptor stays open while the gate is held and the queue is not closed.
                received = Interop.recv(Descriptor, start, (nuint)bytes.Length, Interop.MSG_DONTWAIT);
            }
            if (received <= 0)
            {
                // Nothing, or an end: the kernel's receive meets it again when the owner is back. An error is told once.
                int errno = received < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (received == 0 || errno is Errno.EAGAIN or Errno.EINTR)
                    return;
                _errno = errno;
            }
            else
            {
                _chunks.Enqueue(new Chunk(null, -1, bytes, (int)received));
            }
        }
        _interest.OnArrival(ready);
    }

    /// <summary>The ring's memory goes away: what lies there is copied.</summary>
    internal void CopyOut(BufferRing ring)
    {
        using (_gate.Enter())
        {
            for (int i = _chunks.Count; i > 0; i--)
            {
                Chunk chunk = _chunks.Dequeue();
                if (chunk.Ring == ring)
                {
                    var copy = new Chunk(null, -1, chunk.From(0).ToArray(), chunk.Length);
                    ring.Return(chunk.Id);
                    chunk = copy;
                }
                _chunks.Enqueue(chunk);
            }
        }
    }

    /// <summary>The socket is about to be closed: what was not read is dropped.</summary>
    /// <param name="isUnread">Whether there was any: the peer must get a reset.</param>
    /// <returns>Whether a receive is still under way, which keeps the connection open: the caller shuts it down, which ends it.</returns>
    internal bool Close(out bool isUnread)
    {
        using (_gate.Enter())
        {
            isUnread = _chunks.Count > 0;
            _isClosed = true;
            while (_chunks.Count > 0)
                RemoveFirst();
            _errno = 0;
            return _isArmed;
        }
    }

    private void RemoveFirst()
    {
        Chunk chunk = _chunks.Dequeue();
        _firstStart = 0;
        chunk.Ring?.Return(chunk.Id);
    }
}
