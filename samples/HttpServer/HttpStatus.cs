using System.Text;

namespace GreenThreads.Samples.Http;

internal static class HttpStatus
{
    private static readonly Dictionary<int, byte[]> s_lines = new Dictionary<int, string>
    {
        [200] = "OK",
        [400] = "Bad Request",
        [404] = "Not Found",
        [405] = "Method Not Allowed",
        [408] = "Request Timeout",
        [413] = "Content Too Large",
        [414] = "URI Too Long",
        [417] = "Expectation Failed",
        [431] = "Request Header Fields Too Large",
        [500] = "Internal Server Error",
        [501] = "Not Implemented",
        [505] = "HTTP Version Not Supported",
    }.ToDictionary(status => status.Key, status => Encoding.ASCII.GetBytes($"{status.Key} {status.Value}"));

    /// <summary>Code and reason.</summary>
    internal static ReadOnlySpan<byte> Line(int status) => status == 200 ? "200 OK"u8 : s_lines[status];
}
