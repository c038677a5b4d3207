namespace GreenThreads.Samples.Tests.HttpServer;

/// <summary>A peer that sends what it is given, in pieces, and then the end; what it is sent is kept.</summary>
internal sealed class ScriptedStream(params byte[][] pieces) : Stream
{
    private readonly MemoryStream _written = new();
    private int _piece;
    private int _offset;

    internal byte[] Written => _written.ToArray();

    /// <summary>How often something was sent.</summary>
    internal int Writes { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override bool CanTimeout => true;

    public override int ReadTimeout { get; set; }

    public override int WriteTimeout { get; set; }

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (_piece < pieces.Length && _offset == pieces[_piece].Length)
            (_piece, _offset) = (_piece + 1, 0);
        if (_piece == pieces.Length)
            return 0;
        int count = Math.Min(buffer.Length, pieces[_piece].Length - _offset);
        pieces[_piece].AsSpan(_offset, count).CopyTo(buffer);
        _offset += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Writes++;
        _written.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
