using System.Buffers;
using System.Net.Sockets;

namespace GreenThreads.Samples.Forwarding;

/// <summary>
/// A connection and its counterpart at the target, with a green thread for each direction.
/// <code>
///            client ──► Copy ──► target      the end of what one side says is handed on (half-close);
///            client ◄── Copy ◄── target      the other direction goes on until it has ended too
/// </code>
/// If one direction fails, the scope cancels the other, and both connections are closed.
/// </summary>
internal sealed class ProxySession(GreenTcpStream client, ProxyOptions options) : Session(client)
{
    private const int BufferSize = 16 * 1024;

    private long _lastTransfer = Environment.TickCount64;

    internal override void Serve()
    {
        using GreenTcpStream? target = Connect();
        if (target is null)
            return;
        using GreenScope directions = GreenScope.Open();
        directions.Spawn(() => Copy(Stream, target));
        directions.Spawn(() => Copy(target, Stream));
        directions.Join();
    }

    private GreenTcpStream? Connect()
    {
        try
        {
            return GreenTcpStream.Connect(options.Target, options.ConnectTimeout);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            Console.Error.WriteLine($"no connection to {options.Target} for {Stream.RemoteEndPoint}: {exception.Message}");
            return null;
        }
    }

    private void Copy(GreenTcpStream from, GreenTcpStream to)
    {
        int timeout = (int)options.IdleTimeout.TotalMilliseconds;
        from.ReadTimeout = to.WriteTimeout = timeout;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int count;
            while ((count = Read(from, buffer)) > 0)
            {
                to.Write(buffer.AsSpan(0, count));
                Volatile.Write(ref _lastTransfer, Environment.TickCount64);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int Read(GreenTcpStream from, byte[] buffer)
    {
        while (true)
        {
            try
            {
                return from.Read(buffer);
            }
            catch (IOException exception) when (exception.InnerException is TimeoutException && IsBusy)
            {
                // This direction is silent because the other one is not: somebody downloads, for example.
            }
        }
    }

    private bool IsBusy => Environment.TickCount64 - Volatile.Read(ref _lastTransfer) < options.IdleTimeout.TotalMilliseconds;
}
