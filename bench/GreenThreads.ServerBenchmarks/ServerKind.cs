namespace GreenThreads.ServerBenchmarks;

/// <summary>The servers that are measured.</summary>
internal enum ServerKind
{
    GreenEcho,
    SocketEcho,
    KestrelEcho,
    GreenHttp,
    KestrelHttp,
}
