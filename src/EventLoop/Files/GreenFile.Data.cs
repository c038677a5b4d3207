namespace GreenThreads;

// Reading and writing. The asynchronous members do the blocking call on the thread pool, as those of FileStream do.
public sealed partial class GreenFile
{
    /// <summary>Reads at the position, and moves it. May return less than there is. Parks.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="NotSupportedException">It was not opened to be read.</exception>
    /// <exception cref="SystemCallException">The disk failed (EIO), or it is a directory (EISDIR).</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public override int Read(Span<byte> buffer)
    {
        ThrowIfCannotRead();
        int count = _file.Read(buffer, _canSeek ? _position : OwnPosition);
        _position += count;
        return count;
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">The first place to fill.</param>
    /// <param name="count">How many bytes to read at most.</param>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <summary>Reads one byte. Parks, and throws as <see cref="Read(Span{byte})"/> does.</summary>
    /// <returns>The byte, or -1 at the end.</returns>
    public override int ReadByte()
    {
        byte value = 0;
        return Read(new Span<byte>(ref value)) == 0 ? -1 : value;
    }

    /// <summary>Reads at an offset, whatever the position, which stays. May return less than there is. Any number of threads at once. Parks.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where to begin.</param>
    /// <returns>The number of bytes; 0 at or behind the end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative.</exception>
    /// <exception cref="NotSupportedException">It was not opened to be read, or has no position.</exception>
    /// <exception cref="SystemCallException">The disk failed.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public int ReadAt(Span<byte> buffer, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ThrowIfCannotSeek();
        ThrowIfCannotRead();
        return _file.Read(buffer, offset);
    }

    /// <summary>Writes everything at the position, and moves it; at the end if the file is appended to. Parks.</summary>
    /// <param name="buffer">What to write.</param>
    /// <exception cref="NotSupportedException">It was not opened to be written.</exception>
    /// <exception cref="SystemCallException">The disk is full (ENOSPC), or failed (EIO) ...; the position tells how much was written.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ThrowIfCannotWrite();
        bool usesOwn = _appends || !_canSeek;
        while (!buffer.IsEmpty)
        {
            int count = _file.Write(buffer, usesOwn ? OwnPosition : _position);
            buffer = buffer[count..];
            _position = _appends && _canSeek ? _file.Checked("lseek", _file.Seek(0, Interop.SEEK_CUR)) : _position + count;
        }
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    /// <param name="buffer">What to write a part of.</param>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="count">How many bytes to write.</param>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <summary>Writes one byte. Parks, and throws as <see cref="Write(ReadOnlySpan{byte})"/> does.</summary>
    /// <param name="value">The byte.</param>
    public override void WriteByte(byte value) => Write(new ReadOnlySpan<byte>(in value));

    /// <summary>Writes everything at an offset, whatever the position, which stays. Any number of threads at once. Parks.</summary>
    /// <param name="buffer">What to write.</param>
    /// <param name="offset">Where to begin; behind the end, zeros fill the gap.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative.</exception>
    /// <exception cref="NotSupportedException">It was not opened to be written, has no position, or is appended to.</exception>
    /// <exception cref="SystemCallException">The disk is full (ENOSPC), or failed (EIO) ...; an unknown part was written.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public void WriteAt(ReadOnlySpan<byte> buffer, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ThrowIfCannotSeek();
        ThrowIfCannotWrite();
        if (_appends)
            throw new NotSupportedException("A file that is appended to is written at its end only.");
        while (!buffer.IsEmpty)
        {
            int count = _file.Write(buffer, offset);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>Reads as <see cref="Read(Span{byte})"/> does, on a thread of the thread pool.</summary>
    /// <param name="buffer">Where the bytes go; not to be touched before the read has completed.</param>
    /// <param name="cancellationToken">Keeps the read from beginning.</param>
    /// <returns>The number of bytes; 0 at the end.</returns>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        new(Task.Run(() => Read(buffer.Span), cancellationToken));

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    /// <param name="buffer">Where the bytes go; not to be touched before the read has completed.</param>
    /// <param name="offset">The first place to fill.</param>
    /// <param name="count">How many bytes to read at most.</param>
    /// <param name="cancellationToken">Keeps the read from beginning.</param>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Writes everything as <see cref="Write(ReadOnlySpan{byte})"/> does, on a thread of the thread pool.</summary>
    /// <param name="buffer">What to write; not to be changed before the write has completed.</param>
    /// <param name="cancellationToken">Keeps the write from beginning.</param>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        new(Task.Run(() => Write(buffer.Span), cancellationToken));

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="buffer">What to write a part of; not to be changed before the write has completed.</param>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="count">How many bytes to write.</param>
    /// <param name="cancellationToken">Keeps the write from beginning.</param>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Does nothing: nothing is held back here.</summary>
    /// <param name="cancellationToken">Cancelled already: the task is too.</param>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <summary>The older form of <see cref="ReadAsync(byte[], int, int, CancellationToken)"/>.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">The first place to fill.</param>
    /// <param name="count">How many bytes to read at most.</param>
    /// <param name="callback">Called when it has completed.</param>
    /// <param name="state">Kept for the caller.</param>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <summary>Waits for a <see cref="BeginRead"/>.</summary>
    /// <param name="asyncResult">What it returned.</param>
    /// <returns>The number of bytes; 0 at the end.</returns>
    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    /// <summary>The older form of <see cref="WriteAsync(byte[], int, int, CancellationToken)"/>.</summary>
    /// <param name="buffer">What to write a part of.</param>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="count">How many bytes to write.</param>
    /// <param name="callback">Called when it has completed.</param>
    /// <param name="state">Kept for the caller.</param>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <summary>Waits for a <see cref="BeginWrite"/>.</summary>
    /// <param name="asyncResult">What it returned.</param>
    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);
}
