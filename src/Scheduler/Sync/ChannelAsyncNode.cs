using System.Threading.Channels;

namespace GreenThreads;

/// <summary>The place of an asynchronous call that waits to send or to receive. Its continuation runs on the thread pool, never in who serves it.</summary>
internal sealed class ChannelAsyncNode<T> : ChannelNode<T>
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GreenChannel<T> _channel;
    private readonly bool _isSender;

    internal ChannelAsyncNode(GreenChannel<T> channel, bool isSender)
    {
        _channel = channel;
        _isSender = isSender;
    }

    /// <summary>Completes with the item that was received or sent. Called once, after it was put into the list.</summary>
    /// <exception cref="ChannelClosedException">The channel was completed meanwhile: nothing was received or sent.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first: nothing was received or sent.</exception>
    internal async Task<T> WaitAsync(CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(static (state, token) => ((ChannelAsyncNode<T>)state!).Cancel(token), this))
            return await _source.Task.ConfigureAwait(false);
    }

    internal override void Wake()
    {
        // To the thread pool's queue, which has locks.
        using (NoPark.Enter())
        {
            if (IsCompleted)
                _source.TrySetException(_channel.CreateClosedException());
            else
                _source.TrySetResult(Item!);
        }
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (!_channel.TryLeave(this, _isSender))
            return;
        using (NoPark.Enter())
            _source.TrySetCanceled(cancellationToken);
    }
}
