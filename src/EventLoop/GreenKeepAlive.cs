namespace GreenThreads;

/// <summary>
/// When a quiet TCP connection is probed, and when it is given up: after <see cref="Idle"/> without a word a probe is sent every <see cref="Interval"/>, and when
/// <see cref="Probes"/> of them have brought no answer the connection has failed. In whole seconds, rounded up.
/// </summary>
/// <param name="Idle">How long nothing may come before the first probe; 1 s to 32,767 s.</param>
/// <param name="Interval">How long to wait for each answer; 1 s to 32,767 s.</param>
/// <param name="Probes">How many without an answer mean that the peer has gone; 1 to 127.</param>
public sealed record GreenKeepAlive(TimeSpan Idle, TimeSpan Interval, int Probes)
{
    // The kernel's: MAX_TCP_KEEPIDLE and its like in net/tcp.h.
    private const int LongestSeconds = 32_767;
    private const int MostProbes = 127;

    /// <summary>How long nothing may come before the first probe.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 s or more than 32,767 s.</exception>
    public TimeSpan Idle { get; } = Checked(Idle, nameof(Idle));

    /// <summary>How long to wait for each answer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 s or more than 32,767 s.</exception>
    public TimeSpan Interval { get; } = Checked(Interval, nameof(Interval));

    /// <summary>How many without an answer mean that the peer has gone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than 127.</exception>
    public int Probes { get; } =
        Probes is >= 1 and <= MostProbes ? Probes : throw new ArgumentOutOfRangeException(nameof(Probes), Probes, "From 1 to 127.");

    internal static GreenKeepAlive? Of(SocketDescriptor socket) => socket.GetOption(Interop.SOL_SOCKET, Interop.SO_KEEPALIVE) == 0
        ? null
        : new GreenKeepAlive(
            TimeSpan.FromSeconds(socket.GetOption(Interop.IPPROTO_TCP, Interop.TCP_KEEPIDLE)),
            TimeSpan.FromSeconds(socket.GetOption(Interop.IPPROTO_TCP, Interop.TCP_KEEPINTVL)),
            socket.GetOption(Interop.IPPROTO_TCP, Interop.TCP_KEEPCNT));

    internal static void Apply(GreenKeepAlive? keepAlive, SocketDescriptor socket)
    {
        if (keepAlive is not null)
        {
            socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_KEEPIDLE, Seconds(keepAlive.Idle));
            socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_KEEPINTVL, Seconds(keepAlive.Interval));
            socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_KEEPCNT, keepAlive.Probes);
        }
        socket.SetOption(Interop.SOL_SOCKET, Interop.SO_KEEPALIVE, keepAlive is null ? 0 : 1);
    }

    private static int Seconds(TimeSpan time) => (int)Math.Ceiling(time.TotalSeconds);

    private static TimeSpan Checked(TimeSpan time, string name) => time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromSeconds(LongestSeconds)
        ? time
        : throw new ArgumentOutOfRangeException(name, time, "From 1 s to 32,767 s.");
}
