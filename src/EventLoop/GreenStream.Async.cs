namespace GreenThreads;

// The asynchronous members, from any thread: what can complete at once does, without a Task; the rest is completed on the thread pool.
public abstract partial class GreenStream
{
    /// <summary>Reads as <see cref="Read(Span{byte})"/> does, without parking or blocking; <see cref="ReadTimeout"/> does not hold.</summary>
    /// <param name="buffer">Where the bytes go; not to be touched before the read has completed.</param>
    /// <param name="cancellationToken">Ends the wait; nothing has been read then.</param>
    /// <returns>The number of bytes; 0 when the peer has shut down its side.</returns>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _descriptor.ReceiveAsync(buffer, cancellationToken);

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    /// <param name="buffer">Where the bytes go; not to be touched before the read has completed.</param>
    /// <param name="offset">The first place to fill.</param>
    /// <param name="count">How many bytes to read at most.</param>
    /// <param name="cancellationToken">Ends the wait; nothing has been read then.</param>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return _descriptor.ReceiveAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Writes everything as <see cref="Write(ReadOnlySpan{byte})"/> does, without parking or blocking; <see cref="WriteTimeout"/> does not hold.</summary>
    /// <param name="buffer">What to send; not to be changed before the write has completed.</param>
    /// <param name="cancellationToken">Ends the wait; an unknown part has been sent then.</param>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _descriptor.SendAsync(buffer, cancellationToken);

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="buffer">What to send a part of; not to be changed before the write has completed.</param>
    /// <param name="offset">The first byte to send.</param>
    /// <param name="count">How many bytes to send.</param>
    /// <param name="cancellationToken">Ends the wait; an unknown part has been sent then.</param>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return _descriptor.SendAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
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
    /// <returns>The number of bytes; 0 when the peer has shut down its side.</returns>
    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    /// <summary>The older form of <see cref="WriteAsync(byte[], int, int, CancellationToken)"/>.</summary>
    /// <param name="buffer">What to send a part of.</param>
    /// <param name="offset">The first byte to send.</param>
    /// <param name="count">How many bytes to send.</param>
    /// <param name="callback">Called when it has completed.</param>
    /// <param name="state">Kept for the caller.</param>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <summary>Waits for a <see cref="BeginWrite"/>.</summary>
    /// <param name="asyncResult">What it returned.</param>
    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);
}
