using System.Net;
using System.Net.Sockets;

namespace GreenThreads;

/// <summary>A blocking resolver and the OS threads that it blocks.</summary>
/// <param name="maximum">Lookups at once.</param>
/// <param name="lookUp">The resolver. It throws a <see cref="SocketException"/>.</param>
internal sealed class NameResolver(int maximum, Func<string, AddressFamily, IPAddress[]> lookUp)
{
    private readonly WorkPool _pool = new("green-dns", maximum);

    /// <summary>Lookups that wait for a place.</summary>
    internal int QueuedCount => _pool.QueuedCount;

    /// <inheritdoc cref="GreenDns.Resolve(string, TimeSpan, AddressFamily, CancellationToken)"/>
    internal IPAddress[] Resolve(string host, TimeSpan timeout, AddressFamily family, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        Deadline deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        EventLoopHost.Current.SpendBudget();
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return family == AddressFamily.Unspecified || family == address.AddressFamily
                ? [address]
                : throw new GreenDnsException(host, SocketError.NoData, family);
        }
        Waiter caller = Waiter.Current;
        var item = new WorkFunction<IPAddress[]>(() => lookUp(host, family), caller, context: null);
        try
        {
            if (!_pool.TryRun(item, caller, deadline, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new TimeoutException($"The name {host} was not resolved within {timeout}.");
            }
        }
        catch (SocketException exception)
        {
            throw new GreenDnsException(host, exception.SocketErrorCode, family);
        }
        return item.Result is { Length: > 0 } addresses ? addresses : throw new GreenDnsException(host, SocketError.NoData, family);
    }
}
