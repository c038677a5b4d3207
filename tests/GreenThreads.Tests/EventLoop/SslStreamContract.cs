using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GreenThreads.Tests;

/// <summary>The framework's <see cref="SslStream"/>, in blocking style, on streams of ours that are no TCP connections.</summary>
public abstract class SslStreamContract : ThreadContract
{
    [Fact]
    public void Both_sides_of_a_Unix_socket_speak_TLS() => Run(() =>
    {
        byte[] sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        using X509Certificate2 certificate = CreateCertificate();
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        Task server = Start(() =>
        {
            using var secure = new SslStream(one);
            secure.AuthenticateAsServer(certificate);
            byte[] received = new byte[sent.Length];
            secure.ReadExactly(received);
            secure.Write(received);
            Assert.Equal(0, secure.Read(received)); // The client's end.
        });
        using (var secure = new SslStream(other, leaveInnerStreamOpen: false, (_, given, _, _) => given?.GetCertHashString() == certificate.GetCertHashString()))
        {
            secure.AuthenticateAsClient("green");
            Assert.True(secure.IsEncrypted && secure.IsAuthenticated);
            Task writer = Start(() => secure.Write(sent));
            byte[] back = new byte[sent.Length];
            secure.ReadExactly(back);
            Join(writer);
            Assert.True(sent.AsSpan().SequenceEqual(back));
        }
        Join(server);
    });

    [Fact]
    public void A_peer_that_is_not_trusted_is_refused_on_both_sides() => Run(() =>
    {
        using X509Certificate2 certificate = CreateCertificate();
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        Task server = Start(() =>
        {
            using var secure = new SslStream(one);
            // In TLS 1.3 the server is done before the client looks, and learns of it from the first read: the end, or an alert.
            Exception? exception = Record.Exception(() =>
            {
                secure.AuthenticateAsServer(certificate);
                Assert.Equal(-1, secure.ReadByte());
            });
            Assert.True(exception is null or IOException or System.Security.Authentication.AuthenticationException, $"{exception}");
        });
        using (var secure = new SslStream(other, leaveInnerStreamOpen: false, static (_, _, _, _) => false))
            Assert.Throws<System.Security.Authentication.AuthenticationException>(() => secure.AuthenticateAsClient("green"));
        Join(server);
    });

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=green", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}

public sealed class GreenThreadSslStreamTests : SslStreamContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadSslStreamTests : SslStreamContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
