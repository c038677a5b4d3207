namespace GreenThreads;

/// <summary>Who is at the other end of a Unix socket, as the kernel noted it when the connection was made; nobody can forge it.</summary>
/// <param name="ProcessId">The process that connected or listened; it may have ended, or have handed the socket on. Zero if it is in a PID namespace that we do not see.</param>
/// <param name="UserId">Its effective user.</param>
/// <param name="GroupId">Its effective group.</param>
public readonly record struct GreenPeerCredentials(int ProcessId, long UserId, long GroupId);
