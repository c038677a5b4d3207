namespace GreenThreads;

/// <summary>An end of a child that a supervisor had to restart it for.</summary>
/// <param name="Child">The child's name.</param>
/// <param name="Time">When the supervisor learnt of it.</param>
/// <param name="Exception">What ended it; null if its body had returned.</param>
public sealed record ChildFailure(string Child, DateTimeOffset Time, Exception? Exception);
