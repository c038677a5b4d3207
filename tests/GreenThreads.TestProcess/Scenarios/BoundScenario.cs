using System.Diagnostics;
using System.Net;

namespace GreenThreads.TestProcess;

/// <summary>What every green thread can do, done in whichever mode the process is in; the tests start it in bound mode.</summary>
internal static class BoundScenario
{
    internal static int Run(string[] args)
    {
        using var logger = new CountingLogger();
        SchedulerGroup.ConfigureDefault(new SchedulerGroupOptions { LoggerFactory = logger });
        Console.WriteLine($"mode={GreenRuntime.Mode}");
        Console.WriteLine(GreenRuntime.Describe());
        Check("spawn and result", GreenThread.Spawn(() => 6 * 7).Result == 42);
        Check("current", GreenThread.Spawn(() => GreenThread.Current!.Name, "by name").Result == "by name" && GreenThread.Current is null);
        Check("park and unpark", ParkAndUnpark());
        Check("park with timeout", !GreenThread.Spawn(() => GreenThread.Park(TimeSpan.FromMilliseconds(1))).Result);
        Check("sleep", Sleep());
        Check("join inside", GreenThread.Spawn(() => GreenThread.Spawn(() => 5).Result + 1).Result == 6);
        Check("completion", GreenThread.Spawn(() => 7).Completion.GetAwaiter().GetResult() == 7);
        Check("exception", Exception());
        Check("sockets", Sockets());
        Console.WriteLine($"warnings={logger.Warnings}");
        return 0;
    }

    private static void Check(string what, bool isRight) => Console.WriteLine($"{what}={(isRight ? "ok" : "WRONG")}");

    private static bool ParkAndUnpark()
    {
        GreenThread parked = GreenThread.Spawn(GreenThread.Park);
        Waiting.Until(() => parked.State == GreenThreadState.Parked);
        parked.Unpark();
        parked.Join();
        return parked.State == GreenThreadState.Ended;
    }

    private static bool Sleep()
    {
        TimeSpan duration = TimeSpan.FromMilliseconds(3);
        return GreenThread.Spawn(() =>
        {
            long start = Stopwatch.GetTimestamp();
            GreenThread.Sleep(duration);
            return Stopwatch.GetElapsedTime(start) >= duration;
        }).Result;
    }

    private static bool Exception()
    {
        GreenThread thread = GreenThread.Spawn(() => throw new TimeZoneNotFoundException());
        try
        {
            thread.Join();
            return false;
        }
        catch (TimeZoneNotFoundException)
        {
            return true;
        }
    }

    private static bool Sockets()
    {
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        GreenThread server = GreenThread.Spawn(() =>
        {
            using GreenTcpStream stream = listener.Accept();
            int read = stream.ReadByte();
            stream.WriteByte((byte)(read + 1));
        });
        int answer = GreenThread.Spawn(() =>
        {
            using GreenTcpStream stream = GreenTcpStream.Connect(listener.LocalEndPoint);
            stream.WriteByte(41);
            return stream.ReadByte();
        }).Result;
        server.Join();
        return answer == 42;
    }
}
