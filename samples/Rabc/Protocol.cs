namespace GreenThreads.Samples.Rabc;

/// <summary>The first byte of every message; the rest is what it is about. Before each message stands its length, four bytes, the most significant first.</summary>
internal enum MessageKind : byte
{
    /// <summary>Client: are you there? The server sends back what follows, as <see cref="Pong"/>.</summary>
    Ping = 1,

    /// <summary>Server: the answer to a ping.</summary>
    Pong = 2,

    /// <summary>Client: send this back, as <see cref="EchoReply"/>.</summary>
    Echo = 3,

    /// <summary>Server: the answer to an echo.</summary>
    EchoReply = 4,

    /// <summary>Server: what was wrong, as text. The server closes the connection after it.</summary>
    Error = 5,
}

internal static class Protocol
{
    internal const int PrefixLength = sizeof(uint);

    internal const int DefaultMaximumLength = 64 << 10;
}
