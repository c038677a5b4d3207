namespace GreenThreads;

/// <summary>The runtime or the machine is not one that stacks can be switched on; the message is the reason. Leads to bound mode.</summary>
internal sealed class RuntimeUnsupportedException(string reason) : Exception(reason);
