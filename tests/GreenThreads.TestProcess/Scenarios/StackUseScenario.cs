using System.Diagnostics;
using System.Linq.Expressions;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using System.Xml.Serialization;

namespace GreenThreads.TestProcess;

// How deep common work goes on a fresh green stack: kilobytes of pages that it touched. What the stride of the arena was chosen by; fails if
// something takes more than a quarter of it. Not a coverage of the class library: what users of small stacks elsewhere ran into.
internal static unsafe partial class StackUseScenario
{
    private static readonly (string Name, Action Work)[] s_work =
    [
        ("nothing", static () => { }),
        ("sleep", static () => GreenThread.Sleep(TimeSpan.FromMilliseconds(1))),
        ("throw-and-catch", static () => Throw(20)),
        ("exception-to-string", static () => Throw(0)),
        ("json", static () => Json(60)),
        ("regex-compiled", static () => new Regex(@"^(?<y>\d{4})-(?<m>\d\d?)-(\w+|[a-f]{2,9}?)*$", RegexOptions.Compiled).IsMatch("2026-11-abcdef")),
        ("expression-compile", static () => Compile(200)),
        ("linq-and-sort", static () => Enumerable.Range(0, 100_000).Select(i => i * 7919 % 100_003).OrderBy(x => x).GroupBy(x => x % 10).Select(g => g.Sum()).ToList()),
        ("compacting-collection", static () => GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true)),
        ("http-client", static () => Http()),
        ("process-start", static () => Process.Start("true").WaitForExit()),
        ("xml", static () => _ = XDocument.Parse("<a><b/></a>").ToString()),
        ("xml-serializer", static () => new XmlSerializer(typeof(List<string>)).Serialize(Stream.Null, new List<string> { "a" })),
        ("big-integer", static () => _ = System.Numerics.BigInteger.Pow(7, 5000).ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ("rsa", static () => Sign()),
    ];

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mincore(nint addr, nint length, byte* vec);

    internal static int Run(string[] args)
    {
        bool tooDeep = false;
        foreach ((string name, Action work) in s_work)
        {
            GreenThread.Spawn(TrimOwnStack).Join();
            int kilobytes = GreenThread.Spawn(() =>
            {
                work();
                return TouchedKilobytes(Coroutine.Current!);
            }).Result;
            Console.WriteLine($"{name}={kilobytes}");
            tooDeep |= kilobytes > StackArena.DefaultStride / 1024 / 4;
        }
        return tooDeep ? 1 : 0;
    }

    // All but the two pages around these frames, so that the next tenant of the coroutine starts afresh.
    private static void TrimOwnStack()
    {
        byte marker;
        nint end = ((nint)(&marker) & -(nint)Environment.SystemPageSize) - Environment.SystemPageSize;
        nint limit = Coroutine.Current!.StackLimit;
        if (Interop.madvise(limit, end - limit, Interop.MADV_DONTNEED) != 0)
            throw new SystemCallException("madvise", Marshal.GetLastPInvokeError());
    }

    private static int TouchedKilobytes(Coroutine coroutine)
    {
        int page = Environment.SystemPageSize;
        nint length = (coroutine.StackBase + page - 1 & -(nint)page) - coroutine.StackLimit;
        var resident = new byte[length / page];
        fixed (byte* vector = resident)
        {
            if (mincore(coroutine.StackLimit, length, vector) != 0)
                throw new SystemCallException("mincore", Marshal.GetLastPInvokeError());
        }
        int deepest = Array.FindIndex(resident, value => (value & 1) != 0);
        return (resident.Length - deepest) * page / 1024;
    }

    private static void Throw(int depth)
    {
        try
        {
            ThrowAt(depth);
        }
        catch (InvalidOperationException exception)
        {
            _ = exception.ToString();
        }
    }

    private static void ThrowAt(int depth)
    {
        if (depth == 0)
            throw new InvalidOperationException();
        ThrowAt(depth - 1);
    }

    private static void Json(int depth)
    {
        object value = 1;
        for (int i = 0; i < depth; i++)
            value = new Dictionary<string, object> { ["nested"] = value };
        string text = JsonSerializer.Serialize(value);
        _ = JsonSerializer.Deserialize<Dictionary<string, object>>(text);
        JsonDocument.Parse(text).Dispose();
    }

    private static void Compile(int terms)
    {
        Expression sum = Expression.Constant(1);
        for (int i = 0; i < terms; i++)
            sum = Expression.Add(sum, Expression.Constant(i));
        _ = Expression.Lambda<Func<int>>(sum).Compile()();
    }

    // Nobody listens on port 1.
    private static void Http()
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1:1/");
        try
        {
            client.Send(request).Dispose();
        }
        catch (HttpRequestException)
        {
        }
    }

    private static void Sign()
    {
        using var rsa = RSA.Create(2048);
        _ = rsa.SignData(new byte[100], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
