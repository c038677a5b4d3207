namespace GreenThreads.Conformance;

/// <summary>nginx.</summary>
public sealed class NginxServer() : Server(Name)
{
    internal const string Name = "nginx";

    internal Uri Uri => new($"http://{EndPoint}/");
}
