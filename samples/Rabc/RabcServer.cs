using System.Text;
using Microsoft.Extensions.Logging;

namespace GreenThreads.Samples.Rabc;

/// <summary>How the server is to be.</summary>
/// <param name="MaximumLength">The longest message, in bytes; a client that announces a longer one is told so and closed.</param>
/// <param name="MaximumConnections">How many clients at once; further ones wait.</param>
/// <param name="IdleTimeout">A client that says nothing for so long is closed; clients of <see cref="RabcClient"/> ping every 2 s.</param>
/// <param name="MessageTimeout">A message that takes longer from its first byte to its last ends the connection.</param>
internal sealed record RabcServerOptions(int MaximumLength, int MaximumConnections, TimeSpan IdleTimeout, TimeSpan MessageTimeout);

/// <summary>Answers pings and echoes: one green thread accepts, and one serves each client in plain blocking style.</summary>
internal sealed class RabcServer : IDisposable
{
    private readonly GreenUnixListener _listener;
    private readonly RabcServerOptions _options;
    private readonly ILogger _logger;

    internal RabcServer(string name, RabcServerOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        // A server that was killed has left its file; nobody listens there, so it may go.
        _listener = GreenUnixListener.Listen(name, replaceDead: true);
        _listener.MaximumConnections = options.MaximumConnections;
    }

    internal string Name => _listener.Name;

    /// <summary>Serves until it is disposed of or the green thread is cancelled; the clients that are connected then are closed.</summary>
    internal void Run()
    {
        using GreenScope clients = GreenScope.Open(FailurePolicy.CollectAll);
        try
        {
            while (true)
            {
                GreenUnixStream stream = _listener.Accept();
                clients.Spawn(() => Serve(stream));
            }
        }
        catch (ObjectDisposedException)
        {
            clients.Cancel();
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Serve(GreenUnixStream stream)
    {
        using var messages = new LengthPrefixedStream(stream, _options.MaximumLength) { MessageTimeout = _options.MessageTimeout };
        stream.ReadTimeout = stream.WriteTimeout = (int)_options.IdleTimeout.TotalMilliseconds;
        GreenPeerCredentials peer = stream.PeerCredentials;
        Log.Connected(_logger, peer.ProcessId, peer.UserId);
        try
        {
            while (messages.TryRead(out ReadOnlyMemory<byte> message))
            {
                if (Answer(messages, message.Span) is { } complaint)
                {
                    Complain(messages, complaint);
                    break;
                }
            }
            Log.Ended(_logger, peer.ProcessId);
        }
        catch (MessageTooLongException exception)
        {
            Complain(messages, exception.Message);
            Log.Failed(_logger, peer.ProcessId, exception.Message);
        }
        catch (IOException exception)
        {
            Log.Failed(_logger, peer.ProcessId, exception.Message);
        }
    }

    /// <returns>What is wrong with the message, or null.</returns>
    private static string? Answer(LengthPrefixedStream messages, ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty)
            return "a message has at least one byte, its kind";
        MessageKind? answer = (MessageKind)message[0] switch
        {
            MessageKind.Ping => MessageKind.Pong,
            MessageKind.Echo => MessageKind.EchoReply,
            _ => null,
        };
        if (answer is null)
            return $"there is no message of kind {message[0]}";
        byte[] reply = message.ToArray();
        reply[0] = (byte)answer;
        messages.Write(reply);
        return null;
    }

    private void Complain(LengthPrefixedStream messages, string complaint)
    {
        byte[] message = [(byte)MessageKind.Error, .. Encoding.UTF8.GetBytes(complaint)];
        if (message.Length <= _options.MaximumLength)
            messages.Write(message);
    }
}
