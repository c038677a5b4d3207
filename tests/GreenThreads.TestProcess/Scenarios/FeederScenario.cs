using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

/// <summary>Somebody outside of all groups who has a reference to a semaphore, and uses it for the first time after a while.</summary>
internal sealed class FeederScenario : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(800);

    private IDisposable? _resource;

    internal static FeederScenario Start(string name, GreenSemaphore semaphore)
    {
        var feeder = new FeederScenario();
        feeder._resource = name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..] switch
        {
            "timer" => new Timer(_ => semaphore.Release(), null, s_pause, Timeout.InfiniteTimeSpan),
            "thread" => ByThread(semaphore),
            "task" => ByTask(semaphore),
            "signal" => BySignal(semaphore),
            "process" => ByProcess(semaphore),
            "files" => ByFiles(semaphore),
            "socket" => BySocket(semaphore),
            _ => throw new ArgumentException(name, nameof(name)),
        };
        return feeder;
    }

    public void Dispose() => _resource?.Dispose();

    // Not on the pool, and not by a new OS thread or a timer: those would hold a report back by themselves.
    private static void Later(string command) => Process.Start("/bin/sh", ["-c", $"(sleep {s_pause.TotalSeconds}; {command}) >/dev/null 2>&1 &"]).WaitForExit();

    private static IDisposable? ByThread(GreenSemaphore semaphore)
    {
        using var begun = new ManualResetEventSlim();
        new Thread(() =>
        {
            begun.Set();
            Thread.Sleep(s_pause);
            semaphore.Release();
        })
        { IsBackground = true }.Start();
        begun.Wait();
        Thread.Sleep(50); // The kernel tells starts in ticks.
        return null;
    }

    private static IDisposable? ByTask(GreenSemaphore semaphore)
    {
        using var begun = new ManualResetEventSlim();
        _ = Task.Run(() =>
        {
            begun.Set();
            Thread.Sleep(s_pause);
            semaphore.Release();
        });
        begun.Wait();
        return null;
    }

    private static PosixSignalRegistration BySignal(GreenSemaphore semaphore)
    {
        PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            semaphore.Release();
        });
        Later($"kill -TERM {Environment.ProcessId}");
        return registration;
    }

    private static Process ByProcess(GreenSemaphore semaphore)
    {
        var process = new Process { StartInfo = new ProcessStartInfo("sleep", s_pause.TotalSeconds.ToString()), EnableRaisingEvents = true };
        process.Exited += (_, _) => semaphore.Release();
        process.Start();
        return process;
    }

    private static FileSystemWatcher ByFiles(GreenSemaphore semaphore)
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        var watcher = new FileSystemWatcher(directory);
        watcher.Created += (_, _) => semaphore.Release();
        watcher.EnableRaisingEvents = true;
        Later($"touch {directory}/x; sleep 1; rm -r {directory}");
        return watcher;
    }

    // Waits in asynchronous code, in which no thread, timer or work item takes part.
    private static TcpListener BySocket(GreenSemaphore semaphore)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = AcceptAsync();
        Later($"exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{((IPEndPoint)listener.LocalEndpoint).Port}'");
        return listener;

        async Task AcceptAsync()
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            semaphore.Release();
        }
    }
}
