using System.Net;
using System.Net.Sockets;

namespace GreenThreads;

/// <summary>
/// Names to addresses, by the resolver of the system (/etc/hosts, DNS, whatever nsswitch.conf says). The calling green thread is parked meanwhile; a plain OS thread
/// blocks. Nothing is kept here from one call to the next: what is asked twice is looked up twice.
/// </summary>
public static class GreenDns
{
    // Lookups at once in the whole process; further ones wait. A resolver that does not answer holds each for 5 to 30 seconds. A guess.
    private const int MaximumLookups = 32;

    private static readonly NameResolver s_system = new(MaximumLookups, Dns.GetHostAddresses);

    /// <summary>Finds the addresses of a host. Parks, for as long as the resolver of the system takes.</summary>
    /// <param name="host">A name, or an address in digits, which is returned as it is.</param>
    /// <param name="family">Only addresses of this kind; <see cref="AddressFamily.Unspecified"/> for all.</param>
    /// <returns>The addresses, at least one, in the order in which they are best tried.</returns>
    /// <exception cref="GreenDnsException">There is no such name, it has no such address, or nobody answers.</exception>
    /// <exception cref="ArgumentException">This can be no name.</exception>
    public static IPAddress[] Resolve(string host, AddressFamily family = AddressFamily.Unspecified) =>
        s_system.Resolve(host, Timeout.InfiniteTimeSpan, family, CancellationToken.None);

    /// <summary>
    /// The same with a limit. A lookup that is given up goes on until the system's resolver ends it, and holds one of 32 places meanwhile; its result is dropped.
    /// </summary>
    /// <param name="host">A name, or an address in digits.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="family">Only addresses of this kind; <see cref="AddressFamily.Unspecified"/> for all.</param>
    /// <param name="cancellationToken">Ends the wait as well.</param>
    /// <returns>The addresses, at least one.</returns>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="GreenDnsException">There is no such name, it has no such address, or nobody answers.</exception>
    /// <exception cref="ArgumentException">This can be no name.</exception>
    public static IPAddress[] Resolve(string host, TimeSpan timeout, AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellationToken = default) =>
        s_system.Resolve(host, timeout, family, cancellationToken);
}
