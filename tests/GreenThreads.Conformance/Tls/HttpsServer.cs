using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace GreenThreads.Conformance;

/// <summary>
/// An HTTPS server as one writes it with blocking streams: a green thread for each connection, <see cref="SslStream"/> over
/// <see cref="GreenTcpStream"/>. Answers every request with its path, the first one of each connection only when as many connections as
/// given have sent theirs.
/// </summary>
internal sealed class HttpsServer : IDisposable
{
    private readonly X509Certificate2 _certificate = SelfSignedCertificate.Create();
    private readonly GreenTcpListener _listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly SchedulerGroup _group = new(new SchedulerGroupOptions { Name = "https", Schedulers = 2 });
    private readonly CountdownEvent _all;
    private int _failures;

    internal HttpsServer(int connections)
    {
        _all = new CountdownEvent(connections);
        _group.SpawnDaemon(Accept);
    }

    internal IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <summary>How many connections ended with an exception.</summary>
    internal int Failures => Volatile.Read(ref _failures);

    /// <summary>Accepts the server's certificate and no other.</summary>
    internal SslClientAuthenticationOptions ClientOptions => new()
    {
        TargetHost = SelfSignedCertificate.Host,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == _certificate.GetCertHashString(),
    };

    public void Dispose()
    {
        _group.Dispose();
        _listener.Dispose();
        _certificate.Dispose();
        _all.Dispose();
    }

    private void Accept()
    {
        while (true)
        {
            GreenTcpStream connection = _listener.Accept();
            GreenThread.SpawnDaemon(() =>
            {
                try
                {
                    Serve(connection);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    Interlocked.Increment(ref _failures);
                }
            });
        }
    }

    private void Serve(GreenTcpStream connection)
    {
        using var stream = new SslStream(connection);
        stream.AuthenticateAsServer(_certificate);
        using var reader = new StreamReader(stream);
        for (bool isFirst = true; reader.ReadLine() is { } request; isFirst = false)
        {
            while (reader.ReadLine() is { Length: > 0 })
            {
            }
            if (isFirst)
            {
                _all.Signal();
                _all.Wait();
            }
            string body = request.Split(' ')[1];
            string headers = $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n";
            stream.Write(Encoding.ASCII.GetBytes(headers + body));
        }
    }
}
