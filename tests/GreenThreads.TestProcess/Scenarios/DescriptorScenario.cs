using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

/// <summary>Sockets and pipes in a process that has no descriptor left, and after a thousand of each.</summary>
internal static partial class DescriptorScenario
{
    private const int RLIMIT_NOFILE = 7;
    private static readonly IPEndPoint s_anyPort = new(IPAddress.Loopback, 0);

    /// <summary>Prints, for each way to open something, the error number and whether the message says what to do; then the same when there are descriptors again.</summary>
    internal static int Exhaust(string[] arguments)
    {
        using var files = new Files();
        (GreenUnixStream sender, GreenUnixStream receiver) = GreenUnixStream.CreatePair();
        using var listener = GreenUnixListener.Listen(files.Name);
        Dictionary<string, Action> ways = Ways(files, listener);
        ways["receive"] = () => receiver.ReceiveDescriptor().Dispose();
        // Once with descriptors: what is loaded and started at the first use needs some.
        foreach (Action way in ways.Values)
            Try(() => { sender.SendDescriptor(sender.Handle); way(); });
        Try(() => throw new SystemCallException("none", Errno.EMFILE));
        while (receiver.OutstandingDescriptors() > 0)
            receiver.ReceiveDescriptor().Dispose();
        var answers = new List<string>();
        int before = Open();
        using (new NoDescriptors())
        {
            sender.SendDescriptor(sender.Handle);
            foreach ((string name, Action way) in ways)
                answers.Add($"{name}={Try(way)}");
        }
        sender.SendDescriptor(sender.Handle);
        foreach ((string name, Action way) in ways)
            answers.Add($"{name}-again={Try(way)}");
        answers.Add($"more={Open() - before}");
        answers.ForEach(Console.WriteLine);
        return 0;
    }

    /// <summary>Opens and closes everything many times, in success, failure and cancellation, and prints how many descriptors and OS threads there are more.</summary>
    internal static int Leak(string[] arguments)
    {
        int rounds = int.Parse(arguments[0], null);
        using var files = new Files();
        using var listener = GreenUnixListener.Listen(files.Name);
        Dictionary<string, Action> ways = Ways(files, listener);
        Rounds(20);
        int descriptors = Open();
        Rounds(rounds);
        Console.WriteLine($"descriptors={Open() - descriptors}");
        Console.WriteLine($"connections={listener.OpenConnections}");
        return 0;

        void Rounds(int count)
        {
            for (int i = 0; i < count; i++)
            {
                foreach (Action way in ways.Values)
                    GreenThread.Spawn(way).Join();
                (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
                GreenThread reader = GreenThread.Spawn(() => { using (one) one.ReadByte(); });
                GreenThread receiver = GreenThread.Spawn(() => { using (other) other.ReceiveDescriptor(); });
                if (i % 2 == 0)
                    Waiting.Until(() => reader.State == GreenThreadState.Parked && receiver.State == GreenThreadState.Parked || GreenRuntime.Mode == GreenRuntimeMode.Bound);
                reader.Cancel();
                receiver.Cancel();
                Try(reader.Join);
                Try(receiver.Join);
                one.Dispose(); // Cancelled before it had begun.
                other.Dispose();
            }
        }
    }

    private static Dictionary<string, Action> Ways(Files files, GreenUnixListener listener) => new()
    {
        ["udp"] = static () => GreenUdpSocket.Bind(s_anyPort).Dispose(),
        ["tcp"] = static () => GreenTcpListener.Listen(s_anyPort).Dispose(),
        ["pair"] = static () =>
        {
            (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
            // Descriptors that nobody takes.
            one.SendDescriptor(other.Handle);
            one.Dispose();
            other.Dispose();
        },
        ["listen"] = () => GreenUnixListener.Listen(files.Name + "2").Dispose(),
        ["connect"] = () =>
        {
            using var client = GreenUnixStream.Connect(files.Name);
            listener.Accept().Dispose();
        },
        ["pipe"] = static () => GreenPipe.Create().Dispose(),
        ["fifo"] = () =>
        {
            using GreenPipeStream reader = GreenPipe.OpenReader(files.Fifo);
            using GreenPipeStream writer = GreenPipe.OpenWriter(files.Fifo);
        },
    };

    private static int OutstandingDescriptors(this GreenUnixStream stream) => EventLoop.WaitReadable(stream.Handle, TimeSpan.Zero) ? 1 : 0;

    private static string Try(Action action)
    {
        try
        {
            action();
            return "fine";
        }
        catch (SystemCallException exception)
        {
            return $"{exception.Errno}{(exception.Message.Contains("RLIMIT_NOFILE", StringComparison.Ordinal) ? " with advice" : "")}";
        }
        catch (Exception exception)
        {
            return exception.GetType().Name;
        }
    }

    private static int Open() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private sealed class Files : IDisposable
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("green-threads-");

        internal Files() => GreenPipe.CreateFifo(Fifo);

        internal string Name => Path.Combine(_directory.FullName, "socket");

        internal string Fifo => Path.Combine(_directory.FullName, "fifo");

        public void Dispose() => _directory.Delete(recursive: true);
    }

    /// <summary>Takes all descriptors of the process until Dispose: a low limit, and what is free below it used up.</summary>
    private sealed class NoDescriptors : IDisposable
    {
        private readonly List<int> _taken = new(1024);
        private readonly (ulong Current, ulong Maximum) _before;

        internal unsafe NoDescriptors()
        {
            (ulong Current, ulong Maximum) limit;
            if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
                throw new InvalidOperationException("getrlimit");
            _before = limit;
            int free = dup(0);
            close(free);
            limit.Current = (ulong)free + 1;
            if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
                throw new InvalidOperationException("setrlimit");
            for (int taken = dup(0); taken >= 0; taken = dup(0))
                _taken.Add(taken);
        }

        public unsafe void Dispose()
        {
            (ulong Current, ulong Maximum) limit = _before;
            _ = setrlimit(RLIMIT_NOFILE, &limit);
            _taken.ForEach(taken => close(taken));
        }
    }

    [DllImport("libc")]
    private static extern unsafe int getrlimit(int resource, void* limit);

    [DllImport("libc")]
    private static extern unsafe int setrlimit(int resource, void* limit);

    [DllImport("libc")]
    private static extern int dup(int fd);

    [DllImport("libc")]
    private static extern int close(int fd);
}
