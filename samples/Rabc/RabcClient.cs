using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;

namespace GreenThreads.Samples.Rabc;

// A library in the manner of those written in C: it has an epoll set of its own with its socket and its timer, and owns no thread. Whoever uses it waits for that
// one descriptor, in whatever event loop he has, and calls Process when it is readable. Poll is that wait for those who have none: on a green thread it parks.
//
//   Poll      waits until there is something to do
//   Process   does it without waiting: reads what has come, sends what is left, pings when the timer says so; calls the events

/// <summary>How the client is to be.</summary>
/// <param name="MaximumLength">The longest message that is sent or taken, in bytes.</param>
/// <param name="PingInterval">How often to ask whether the server is there.</param>
/// <param name="Patience">How many pings may be without an answer when the next one is due, before the server is given up.</param>
internal sealed record RabcClientOptions(int MaximumLength, TimeSpan PingInterval, int Patience)
{
    internal static readonly RabcClientOptions Usual = new(Protocol.DefaultMaximumLength, TimeSpan.FromSeconds(2), Patience: 1);
}

/// <summary>A client of the server. Not for several threads at once.</summary>
internal sealed class RabcClient : IDisposable
{
    private const int SocketKey = 1;
    private const int TimerKey = 2;

    private readonly Epoll _epoll = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly GreenTimer _timer;
    private readonly ILogger _logger;
    private readonly int _maximumLength;
    private readonly int _patience;
    private readonly ReceiveBuffer _received;
    private readonly List<byte> _unsent = [];
    private long _pingsSent;
    private long _pongsReceived;

    private RabcClient(string name, RabcClientOptions options, ILogger logger)
    {
        _maximumLength = options.MaximumLength;
        _patience = options.Patience;
        _logger = logger;
        _received = new ReceiveBuffer(_maximumLength);
        try
        {
            // The framework writes an abstract name with a zero.
            _socket.Connect(new UnixDomainSocketEndPoint(name[0] == '@' ? $"\0{name[1..]}" : name));
            _socket.Blocking = false;
            _timer = GreenTimer.Periodic(options.PingInterval);
            _epoll.Add(_socket.SafeHandle, SocketKey);
            _epoll.Add(_timer.Handle, TimerKey);
        }
        catch (Exception exception)
        {
            Dispose();
            throw exception is SocketException ? new IOException($"cannot connect to {name}: {exception.Message}", exception) : exception;
        }
    }

    /// <summary>A pong has come, this long after its ping.</summary>
    internal event Action<long, TimeSpan>? Ponged;

    /// <summary>An echo has come back; the bytes are valid during the call.</summary>
    internal event Action<ReadOnlyMemory<byte>>? Echoed;

    /// <summary>Readable when <see cref="Process"/> has something to do: for an event loop of the user's.</summary>
    internal SafeHandle Handle => _epoll;

    /// <summary>Connects to a server. Does not wait.</summary>
    /// <param name="name">The path of its socket, or an abstract name with an <c>@</c>.</param>
    /// <param name="options">How it is to be.</param>
    /// <param name="logger">For what is worth noting.</param>
    /// <exception cref="IOException">Nobody listens there.</exception>
    internal static RabcClient Connect(string name, RabcClientOptions options, ILogger logger) => new(name, options, logger);

    /// <summary>Waits until <see cref="Process"/> has something to do. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <returns>False if there was nothing in time.</returns>
    internal bool Poll(TimeSpan timeout) => EventLoop.WaitReadable(_epoll, timeout);

    /// <summary>Does what there is to do, without waiting, and calls the events.</summary>
    /// <exception cref="IOException">The server has ended the connection, says that something was wrong, or has not answered the pings before.</exception>
    internal void Process()
    {
        Span<int> ready = stackalloc int[2];
        ready = ready[.._epoll.TakeReady(ready)];
        // First what has come: it may be the pong that the timer asks about.
        if (ready.Contains(SocketKey))
        {
            SendRest();
            ReceiveAll();
        }
        if (ready.Contains(TimerKey) && _timer.TryWait(TimeSpan.Zero, out long ticks))
        {
            if (ticks > 1)
                Log.PingsLeftOut(_logger, ticks - 1);
            if (_pingsSent - _pongsReceived > _patience)
                throw new IOException($"the server has not answered the last {_pingsSent - _pongsReceived} pings");
            Ping();
        }
    }

    /// <summary>Asks whether the server is there, now instead of when the timer says so. Does not wait.</summary>
    internal void Ping()
    {
        byte[] content = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(content, ++_pingsSent);
        BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(sizeof(long)), Stopwatch.GetTimestamp());
        Send(MessageKind.Ping, content);
        Log.PingSent(_logger, _pingsSent);
    }

    /// <summary>Asks the server to send this back. Does not wait: what the socket does not take is kept.</summary>
    /// <exception cref="ArgumentException">It is longer than a message may be.</exception>
    internal void Echo(ReadOnlySpan<byte> content) => Send(MessageKind.Echo, content);

    public void Dispose()
    {
        _timer?.Dispose();
        _socket.Dispose();
        _epoll.Dispose();
    }

    private void Send(MessageKind kind, ReadOnlySpan<byte> content)
    {
        int length = 1 + content.Length;
        if (length > _maximumLength)
            throw new ArgumentException($"the message has {length} bytes; at most {_maximumLength} are allowed");
        Span<byte> head = stackalloc byte[Protocol.PrefixLength + 1];
        BinaryPrimitives.WriteUInt32BigEndian(head, (uint)length);
        head[^1] = (byte)kind;
        _unsent.AddRange(head);
        _unsent.AddRange(content);
        SendRest();
    }

    private void SendRest()
    {
        int sent = 0;
        while (sent < _unsent.Count)
        {
            int count = _socket.Send(CollectionsMarshal.AsSpan(_unsent)[sent..], SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
                break;
            if (error != SocketError.Success)
                throw new IOException($"the server has ended the connection ({error})");
            sent += count;
        }
        _unsent.RemoveRange(0, sent);
        _epoll.WantWrite(_socket.SafeHandle, SocketKey, _unsent.Count > 0);
    }

    private void ReceiveAll()
    {
        while (true)
        {
            int count = _socket.Receive(_received.Free, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
                return;
            if (error != SocketError.Success || count == 0)
                throw new IOException("the server has ended the connection");
            _received.Add(count);
            while (_received.TryTake(out ReadOnlyMemory<byte> message))
                Take(message);
        }
    }

    private void Take(ReadOnlyMemory<byte> message)
    {
        ReadOnlyMemory<byte> content = message[1..];
        switch ((MessageKind)message.Span[0])
        {
            case MessageKind.Pong when content.Length == 2 * sizeof(long):
                _pongsReceived++;
                long number = BinaryPrimitives.ReadInt64BigEndian(content.Span);
                TimeSpan elapsed = Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64BigEndian(content.Span[sizeof(long)..]));
                Log.PongReceived(_logger, number, elapsed);
                Ponged?.Invoke(number, elapsed);
                break;
            case MessageKind.EchoReply:
                Echoed?.Invoke(content);
                break;
            case MessageKind.Error:
                throw new IOException($"the server says: {Encoding.UTF8.GetString(content.Span)}");
            default:
                throw new IOException("the server said what no client can understand");
        }
    }
}
