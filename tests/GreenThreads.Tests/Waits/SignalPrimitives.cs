using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>What one takes and another gives.</summary>
internal abstract class SignalPrimitive : WaitPrimitive
{
    internal override bool LetsOneThrough => true;
}

internal sealed class AutoResetEventPrimitive : SignalPrimitive
{
    private readonly AutoResetEvent _event = new(false);

    internal override void LetGo() => _event.Set();

    internal override void Wait() => _event.WaitOne();

    internal override bool Wait(TimeSpan timeout) => _event.WaitOne(timeout);
}

internal sealed class SemaphorePrimitive : SignalPrimitive
{
    private readonly Semaphore _semaphore = new(0, int.MaxValue);

    internal override void LetGo() => _semaphore.Release();

    internal override void Wait() => _semaphore.WaitOne();

    internal override bool Wait(TimeSpan timeout) => _semaphore.WaitOne(timeout);
}

internal sealed class SemaphoreSlimPrimitive : SignalPrimitive
{
    private readonly SemaphoreSlim _semaphore = new(0);

    internal override bool HasToken => true;

    internal override void LetGo() => _semaphore.Release();

    internal override void Wait() => _semaphore.Wait();

    internal override bool Wait(TimeSpan timeout) => _semaphore.Wait(timeout);

    internal override void Wait(CancellationToken token) => _semaphore.Wait(token);
}

/// <summary>Monitor.Wait and Pulse, in the usual loop.</summary>
internal sealed class MonitorWaitPrimitive : SignalPrimitive
{
    private readonly object _gate = new();
    private int _count;

    internal override void LetGo()
    {
        lock (_gate)
        {
            _count++;
            Monitor.Pulse(_gate);
        }
    }

    internal override void Wait()
    {
        lock (_gate)
        {
            while (_count == 0)
                Monitor.Wait(_gate);
            _count--;
        }
    }

    internal override bool Wait(TimeSpan timeout)
    {
        var watch = Stopwatch.StartNew();
        lock (_gate)
        {
            while (_count == 0)
            {
                TimeSpan left = timeout - watch.Elapsed;
                if (left <= TimeSpan.Zero || (!Monitor.Wait(_gate, left) && _count == 0))
                    return false;
            }
            _count--;
            return true;
        }
    }
}

internal sealed class BlockingCollectionPrimitive : SignalPrimitive
{
    private readonly BlockingCollection<int> _items = [];

    internal override bool HasToken => true;

    internal override void LetGo() => _items.Add(1);

    internal override void Wait() => _items.Take();

    internal override bool Wait(TimeSpan timeout) => _items.TryTake(out _, timeout);

    internal override void Wait(CancellationToken token) => _items.Take(token);
}

/// <summary>A channel, read by synchronous code.</summary>
internal sealed class ChannelPrimitive : SignalPrimitive
{
    private readonly Channel<int> _channel = Channel.CreateUnbounded<int>();

    internal override bool HasToken => true;

    internal override void LetGo() => Assert.True(_channel.Writer.TryWrite(1));

    internal override void Wait() => _ = _channel.Reader.ReadAsync().AsTask().Result;

    // A read that is given up must be cancelled: it would take the next item otherwise.
    internal override bool Wait(TimeSpan timeout)
    {
        using var source = new CancellationTokenSource(timeout);
        try
        {
            Wait(source.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    internal override void Wait(CancellationToken token) => _channel.Reader.ReadAsync(token).AsTask().GetAwaiter().GetResult();
}

internal sealed class WaitAnyPrimitive : SignalPrimitive
{
    private readonly AutoResetEvent _event = new(false);
    private readonly WaitHandle[] _handles;

    public WaitAnyPrimitive() => _handles = [new ManualResetEvent(false), _event, new Semaphore(0, 1)];

    internal override void LetGo() => _event.Set();

    internal override void Wait() => Assert.Equal(1, WaitHandle.WaitAny(_handles));

    internal override bool Wait(TimeSpan timeout)
    {
        int index = WaitHandle.WaitAny(_handles, timeout);
        Assert.True(index is 1 or WaitHandle.WaitTimeout);
        return index == 1;
    }
}

internal sealed class WaitAllPrimitive : SignalPrimitive
{
    private readonly AutoResetEvent _one = new(false);
    private readonly AutoResetEvent _other = new(false);
    private readonly WaitHandle[] _handles;

    public WaitAllPrimitive() => _handles = [_one, _other];

    internal override void LetGo()
    {
        _one.Set();
        _other.Set();
    }

    internal override void Wait() => WaitHandle.WaitAll(_handles);

    internal override bool Wait(TimeSpan timeout) => WaitHandle.WaitAll(_handles, timeout);
}
