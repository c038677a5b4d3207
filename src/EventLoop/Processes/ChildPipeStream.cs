using System.Runtime.InteropServices;

namespace GreenThreads;

internal sealed class ChildPipeStream : Stream
{
    private readonly EventDescriptor _d;

    internal ChildPipeStream(int fd)
    {
        _d = new EventDescriptor(fd, typeof(GreenChildProcess));
        _ = Interop.fcntl(_d, Interop.F_SETFL, Interop.fcntl(_d, Interop.F_GETFL) | Interop.O_NONBLOCK);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            int seen = _d.Interest.EdgesOf(WaitDirection.Read);
            _d.ThrowIfClosed();
            int e = _d.Read(buffer, out int count);
            if (e == 0)
                return count;
            if (e != Errno.EAGAIN)
                throw new SystemCallException("read", e);
            _d.Wait(WaitDirection.Read, seen, Deadline.Never);
        }
    }
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int seen = _d.Interest.EdgesOf(WaitDirection.Write);
            _d.ThrowIfClosed();
            nint n;
            fixed (byte* p = buffer)
                n = Interop.write(_d, p, (nuint)buffer.Length);
            int e = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (e == Errno.EAGAIN)
                _d.Wait(WaitDirection.Write, seen, Deadline.Never);
            else if (e != 0)
                throw new SystemCallException("write", e);
            else
                buffer = buffer[(int)n..];
        }
    }
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _d.Dispose();
        base.Dispose(disposing);
    }
}
