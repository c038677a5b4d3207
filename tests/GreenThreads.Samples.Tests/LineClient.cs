using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GreenThreads.Samples.Tests;

/// <summary>A plain TCP client that talks in lines, or in bytes.</summary>
internal sealed class LineClient : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;

    internal LineClient(IPEndPoint server, int receiveBuffer = 0)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer > 0)
            _socket.ReceiveBufferSize = receiveBuffer;
        _socket.ReceiveTimeout = _socket.SendTimeout = (int)TimeLimit.Generous.TotalMilliseconds;
        _socket.Connect(server);
        _reader = new StreamReader(new NetworkStream(_socket), Encoding.Latin1);
    }

    internal void Send(string text) => _socket.Send(Encoding.UTF8.GetBytes(text));

    internal void SendLine(string line) => Send(line + '\n');

    /// <summary>No more comes from this side.</summary>
    internal void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next line; null at the end.</summary>
    internal string? ReadLine() => _reader.ReadLine();

    /// <summary>Sends a line and reads one.</summary>
    internal string? Ask(string line)
    {
        SendLine(line);
        return ReadLine();
    }

    /// <summary>Reads until a line has the text in it.</summary>
    internal string ReadUntil(string text)
    {
        while (ReadLine() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
        }
        throw new EndOfStreamException($"the connection ended before \"{text}\" came");
    }

    /// <summary>So many characters.</summary>
    internal string Read(int count)
    {
        char[] text = new char[count];
        return new string(text, 0, _reader.ReadBlock(text));
    }

    /// <summary>All until the end.</summary>
    internal string ReadToEnd() => _reader.ReadToEnd();

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
