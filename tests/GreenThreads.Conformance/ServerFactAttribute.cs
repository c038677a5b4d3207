using System.Collections.Concurrent;

namespace GreenThreads.Conformance;

/// <summary>A test that needs a server. Skipped where it is not installed, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ServerFactAttribute : FactAttribute
{
    private static readonly ConcurrentDictionary<string, string?> s_reasons = new();

    /// <param name="server">As tools/conformance-servers calls it.</param>
    public ServerFactAttribute(string server) => Skip = s_reasons.GetOrAdd(server, Server.MissingReason);
}
