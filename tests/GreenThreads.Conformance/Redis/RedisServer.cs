namespace GreenThreads.Conformance;

/// <summary>Redis.</summary>
public sealed class RedisServer() : Server(Name)
{
    internal const string Name = "redis";

    internal RespClient Connect() => new(GreenTcpStream.Connect(EndPoint!));
}
