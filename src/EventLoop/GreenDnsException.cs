using System.Net.Sockets;

namespace GreenThreads;

/// <summary>A name could not be resolved. It is a <see cref="SocketException"/>, as that of <see cref="System.Net.Dns"/>, and its message names the host.</summary>
public sealed class GreenDnsException : SocketException
{
    internal GreenDnsException(string host, SocketError error, AddressFamily family)
        : base((int)error, Format(host, error, family)) => Host = host;

    /// <summary>What was to be resolved.</summary>
    public string Host { get; }

    private static string Format(string host, SocketError error, AddressFamily family) => error switch
    {
        SocketError.HostNotFound => $"{host}: there is no such name",
        SocketError.NoData when family != AddressFamily.Unspecified => $"{host}: it has no address of the family {family}",
        SocketError.NoData => $"{host}: the name exists, and has no address",
        SocketError.TryAgain => $"{host}: no name server has answered; look at the network and at /etc/resolv.conf",
        SocketError.NoRecovery => $"{host}: the name server has failed, or the name cannot be one",
        _ => $"{host}: it cannot be resolved ({error})",
    };
}
