namespace GreenThreads.Conformance;

/// <summary>PostgreSQL.</summary>
public sealed class PostgresServer() : Server(Name)
{
    internal const string Name = "postgres";

    internal string ConnectionString(int connections) =>
        $"Host={EndPoint!.Address};Port={EndPoint.Port};Username=green;Database=postgres;"
        + $"Maximum Pool Size={connections};Timeout=120;Command Timeout=120";
}
