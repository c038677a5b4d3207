using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace GreenThreads.TestProcess;

/// <summary>
/// Who has the room for direct thread statics when the library starts late: after nothing, after thread statics of this program, after much of
/// the class library, or after both.
/// </summary>
internal static class DirectRoomScenario
{
    internal static int Run(string[] args)
    {
        foreach (string what in args)
        {
            switch (what)
            {
                case "own":
                    TouchOwn();
                    break;
                case "fill":
                    Fill();
                    break;
                case "framework":
                    UseFramework();
                    break;
            }
        }
        Console.WriteLine(GreenRuntime.Describe());
        if (GreenRuntime.Mode != GreenRuntimeMode.Switched)
            return 1;
        DirectRoom room = ClrRuntime.DirectRoom;
        Console.WriteLine($"taken={room.Taken}");
        Console.WriteLine($"lost={room.Lost}");
        Console.WriteLine($"known={room.Owners is not null}");
        Console.WriteLine($"others={room.LostToOthers}");
        Console.WriteLine($"classes={string.Join(", ", room.Candidates)}");
        Console.WriteLine($"migrate={GreenRuntime.MayMigrate}");
        Console.WriteLine($"warning={GreenRuntime.MigrationWarning}");
        return 0;
    }

    // Not inlined: a class gets its place when a method that names its field is compiled, whether or not that ever runs.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TouchOwn()
    {
        Small.t_byte++;
        Mixed.t_int++;
        Mixed.t_long++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill()
    {
        Generic<byte>.t_value++;
        Generic<short>.t_value++;
        Generic<int>.t_value++;
        Generic<long>.t_value++;
        Generic<float>.t_value++;
        Generic<double>.t_value++;
        Generic<char>.t_value++;
        Generic<nint>.t_value++;
    }

    // Whatever has thread statics in the class library, as far as a program reaches them in common work.
    private static void UseFramework()
    {
        var gate = new Lock();
        lock (gate)
            Console.WriteLine(Regex.IsMatch("green threads", "(?<word>gr..n)\\s+\\w+", RegexOptions.Compiled));
        using var activity = new Activity("before");
        activity.Start();
        ArrayPool<byte>.Shared.Return(ArrayPool<byte>.Shared.Rent(5000));
        ArrayPool<char>.Shared.Return(ArrayPool<char>.Shared.Rent(50));
        _ = Random.Shared.Next() + new Random().Next() + Thread.GetCurrentProcessorId() + Guid.NewGuid().GetHashCode();
        _ = JsonSerializer.Deserialize<Dictionary<string, int[]>>(JsonSerializer.Serialize(new Dictionary<string, int[]> { ["a"] = [1, 2, 3] }));
        Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () => await Task.Delay(i % 3)))).Wait();
        Parallel.For(0, 100, i => Thread.SpinWait(i));
        using (var timer = new Timer(_ => { }, null, 1, 1))
            Thread.Sleep(5);
        using (var slim = new ReaderWriterLockSlim(LockRecursionPolicy.SupportsRecursion))
        {
            slim.EnterReadLock();
            slim.ExitReadLock();
        }
        var local = new ThreadLocal<int>(() => 3, trackAllValues: true);
        _ = local.Value;
        System.Linq.Expressions.Expression<Func<int, int>> square = x => x * x;
        _ = square.Compile()(4);
        _ = typeof(string).GetMethod(nameof(string.Trim), [])!.Invoke(" a ", null);
        try
        {
            throw new InvalidOperationException(new StackTrace(fNeedFileInfo: true).ToString());
        }
        catch (InvalidOperationException exception)
        {
            _ = exception.ToString();
        }
        Fetch();
    }

    private static void Fetch()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task server = Task.Run(async () =>
        {
            using Socket connection = await listener.AcceptSocketAsync();
            _ = await connection.ReceiveAsync(new byte[4096]);
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"u8.ToArray());
        });
        using var client = new HttpClient();
        Console.WriteLine(client.GetStringAsync($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/").Result);
        server.Wait();
    }

    private static class Small
    {
        [ThreadStatic]
        internal static byte t_byte;
    }

    private static class Mixed
    {
        [ThreadStatic]
        internal static int t_int;

        [ThreadStatic]
        internal static long t_long;
    }

    private static class Generic<T>
    {
        [ThreadStatic]
        internal static long t_value;
    }
}
