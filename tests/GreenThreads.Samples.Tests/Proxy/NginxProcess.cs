using System.Net;

namespace GreenThreads.Samples.Tests.Proxy;

/// <summary>nginx, as tools/conformance-servers starts it: /hello?name=N, and /slow, which takes some tenths of a second. It ends with this object.</summary>
internal sealed class NginxProcess : IDisposable
{
    private const string Variable = "GREENTHREADS_NGINX=";

    private readonly RunningProcess _process = new("bash", [Path.Combine(AppContext.BaseDirectory, "conformance-servers"), "nginx"]);

    internal NginxProcess()
    {
        Address = IPEndPoint.Parse(_process.WaitForLine(Variable)[Variable.Length..]);
        _process.WaitForLine("ready");
    }

    internal IPEndPoint Address { get; }

    public void Dispose()
    {
        _process.Input.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
