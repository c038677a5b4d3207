using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;

namespace GreenThreads.Benchmarks;

// What does a request over a TCP connection cost, and its answer?
// Measured: 64 bytes there and back over loopback, one at a time; both ends are in this process and of the same kind.
// Left out: connecting, many connections at once (see samples/Tour), and the network.
[MemoryDiagnoser]
public class SocketBenchmarks
{
    private const int RoundTrips = 2_000;
    private const int MessageSize = 64;

    private readonly byte[] _request = new byte[MessageSize];
    private readonly byte[] _answer = new byte[MessageSize];
    private GreenTcpStream? _greenClient;
    private GreenTcpStream? _greenServer;
    private Socket? _client;
    private Socket? _server;

    [GlobalSetup]
    public void Connect()
    {
        using var greenListener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        _greenClient = GreenTcpStream.Connect(greenListener.LocalEndPoint);
        _greenServer = greenListener.Accept();

        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _client.Connect(listener.LocalEndPoint!);
        _server = listener.Accept();
        _server.NoDelay = true;
    }

    [GlobalCleanup]
    public void Disconnect()
    {
        _greenClient?.Dispose();
        _greenServer?.Dispose();
        _client?.Dispose();
        _server?.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = RoundTrips, Description = "Socket, async")]
    public Task AsyncSocket()
    {
        return Task.WhenAll(Task.Run(ServeAsync), Task.Run(AskAsync));

        async Task AskAsync()
        {
            for (int i = 0; i < RoundTrips; i++)
            {
                await _client!.SendAsync(_request).ConfigureAwait(false);
                await ReadAsync(_client, _answer).ConfigureAwait(false);
            }
        }

        async Task ServeAsync()
        {
            byte[] message = new byte[MessageSize];
            for (int i = 0; i < RoundTrips; i++)
            {
                await ReadAsync(_server!, message).ConfigureAwait(false);
                await _server!.SendAsync(message).ConfigureAwait(false);
            }
        }

        static async ValueTask ReadAsync(Socket socket, Memory<byte> buffer)
        {
            while (!buffer.IsEmpty)
                buffer = buffer[await socket.ReceiveAsync(buffer).ConfigureAwait(false)..];
        }
    }

    [Benchmark(OperationsPerInvoke = RoundTrips, Description = "GreenTcpStream")]
    public void Green()
    {
        GreenThread.Spawn(() =>
        {
            GreenThread server = GreenThread.Spawn(() =>
            {
                byte[] message = new byte[MessageSize];
                for (int i = 0; i < RoundTrips; i++)
                {
                    _greenServer!.ReadExactly(message);
                    _greenServer.Write(message);
                }
            });
            for (int i = 0; i < RoundTrips; i++)
            {
                _greenClient!.Write(_request);
                _greenClient.ReadExactly(_answer);
            }
            server.Join();
        }).Join();
    }
}
