using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>Peers that have gone without a word. A filter on the peer's socket drops what comes to it, as if its cable were cut.</summary>
public sealed class HalfOpenPeerTests
{
    private static readonly GreenKeepAlive s_shortest = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), Probes: 1);

    [Fact]
    public void Keep_alive_is_set_on_streams_and_handed_on_by_listeners()
    {
        using var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Null(listener.KeepAlive);
        var keepAlive = new GreenKeepAlive(TimeSpan.FromSeconds(50), TimeSpan.FromMilliseconds(6_500), Probes: 8);
        listener.KeepAlive = keepAlive;
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        using GreenTcpStream server = listener.Accept();
        Assert.Equal(new GreenKeepAlive(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(7), 8), server.KeepAlive);
        Assert.Null(client.KeepAlive);
        server.KeepAlive = null;
        Assert.Null(server.KeepAlive);
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenKeepAlive(TimeSpan.Zero, TimeSpan.FromSeconds(1), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenKeepAlive(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenKeepAlive(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 0));
        Assert.Equal(TimeSpan.Zero, client.AcknowledgementTimeout);
        client.AcknowledgementTimeout = TimeSpan.FromSeconds(3);
        Assert.Equal(TimeSpan.FromSeconds(3), client.AcknowledgementTimeout);
        Assert.Throws<ArgumentOutOfRangeException>(() => client.AcknowledgementTimeout = TimeSpan.FromSeconds(-1));
    }

    [Fact]
    public void A_read_from_a_peer_that_has_gone_ends_by_keep_alive_and_one_without_by_its_timeout() => Green.Run(() =>
    {
        using var connection = new Connection();
        connection.Client.KeepAlive = s_shortest;
        DropAll(connection.Server);
        // Nothing tells without probes: only the read's own timeout.
        connection.Client.ReadTimeout = 20;
        Assert.IsType<TimeoutException>(Assert.Throws<IOException>(() => connection.Client.ReadByte()).InnerException);
        connection.Client.ReadTimeout = Timeout.Infinite;
        Assert.Equal(Errno.ETIMEDOUT, Assert.Throws<SystemCallException>(() => connection.Client.ReadByte()).Errno);
    });

    [Fact]
    public void What_is_sent_to_a_peer_that_has_gone_ends_by_the_acknowledgement_timeout() => Green.Run(() =>
    {
        using var connection = new Connection();
        connection.Client.AcknowledgementTimeout = TimeSpan.FromMilliseconds(200);
        DropAll(connection.Server);
        connection.Client.WriteByte(1);
        Assert.Equal(Errno.ETIMEDOUT, Assert.Throws<SystemCallException>(() => connection.Client.ReadByte()).Errno);
    });

    private static unsafe void DropAll(GreenTcpStream stream)
    {
        const int SO_ATTACH_FILTER = 26;
        ulong takeNothing = 0x06; // BPF_RET | BPF_K, 0
        // struct sock_fprog: the number of instructions, and where they are.
        nint* program = stackalloc nint[2];
        program[0] = 1;
        program[1] = (nint)(&takeNothing);
        Assert.Equal(0, setsockopt((int)stream.Descriptor.DangerousGetHandle(), Interop.SOL_SOCKET, SO_ATTACH_FILTER, program, 2 * sizeof(nint)));
    }

    [DllImport("libc", SetLastError = true)]
    private static extern unsafe int setsockopt(int sockfd, int level, int optname, void* optval, int optlen);
}
