namespace GreenThreads.Samples.Echo;

/// <summary>
/// Reads, and writes it back. A peer that sends without reading makes the write wait; then no more is read from it either, and when the time is over it is closed.
/// </summary>
internal sealed class EchoSession : Session
{
    private readonly byte[] _buffer = new byte[4096];

    internal EchoSession(GreenTcpStream stream, TimeSpan idleTimeout)
        : base(stream)
    {
        stream.ReadTimeout = (int)idleTimeout.TotalMilliseconds;
        stream.WriteTimeout = (int)idleTimeout.TotalMilliseconds;
    }

    internal override void Serve()
    {
        int count;
        while ((count = Stream.Read(_buffer)) > 0)
            Stream.Write(_buffer.AsSpan(0, count));
    }
}
