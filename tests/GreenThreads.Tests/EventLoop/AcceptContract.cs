using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenTcpListener"/>, and that nothing leaks.</summary>
public abstract partial class AcceptContract : ThreadContract
{
    private const int RLIMIT_NOFILE = 7;

    [Fact]
    public void An_accept_times_out_not_early() => Run(() =>
    {
        using GreenTcpListener listener = Listen();
        long start = Stopwatch.GetTimestamp();
        Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.FromMilliseconds(20)));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(20));
        Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.Zero));
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        listener.Accept(TimeSpan.Zero).Dispose();
    });

    [Fact]
    public void Dispose_wakes_blocked_acceptors_with_ObjectDisposedException() => Run(() =>
    {
        GreenTcpListener listener = Listen();
        Task[] acceptors = [.. Enumerable.Range(0, 3).Select(_ => Start(() => Assert.Throws<ObjectDisposedException>(listener.Accept)))];
        WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Read);
        listener.Dispose();
        Join(acceptors);
        Assert.Throws<ObjectDisposedException>(listener.Accept);
        // The port is free again, although nothing has been said about reuse.
        GreenTcpListener.Listen(listener.LocalEndPoint).Dispose();
    });

    [Fact]
    public void A_port_in_use_is_refused_with_the_address_in_the_message() => Run(() =>
    {
        using GreenTcpListener listener = Listen();
        SystemCallException failure = Assert.Throws<SystemCallException>(() => GreenTcpListener.Listen(listener.LocalEndPoint));
        Assert.Contains(listener.LocalEndPoint.ToString(), failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void Connections_that_come_in_one_edge_all_find_an_acceptor() => Run(() =>
    {
        const int Count = 300;
        using GreenTcpListener listener = Listen();
        int left = Count;
        Task[] acceptors = [.. Enumerable.Range(0, 4).Select(_ => Start(() =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using GreenTcpStream server = listener.Accept();
                server.WriteByte(1);
            }
        }))];
        Task[] clients = [.. Enumerable.Range(0, 4).Select(_ => Start(() =>
        {
            for (int i = 0; i < Count / 4; i++)
            {
                using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
                Assert.Equal(1, client.ReadByte());
            }
        }))];
        Join([.. acceptors, .. clients]);
    });

    [Fact]
    public void Ten_thousand_connects_and_closes_leak_no_descriptor() => Run(() =>
    {
        using GreenTcpListener listener = Listen();
        ConnectAndClose(100);
        int before = OpenDescriptors();
        ConnectAndClose(10_000);
        // Others in this process may open a few; ten thousand would show.
        Assert.InRange(OpenDescriptors(), 0, before + 20);

        void ConnectAndClose(int count)
        {
            Task server = Start(() =>
            {
                for (int i = 0; i < count; i++)
                {
                    using GreenTcpStream stream = listener.Accept();
                    stream.WriteByte((byte)stream.ReadByte());
                }
            });
            for (int i = 0; i < count; i++)
            {
                using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
                client.WriteByte((byte)i);
                Assert.Equal((byte)i, client.ReadByte());
            }
            Join(server);
        }
    });

    [Fact]
    public void A_stream_that_nobody_disposed_of_is_closed_when_it_is_collected() => Run(() =>
    {
        using GreenTcpListener listener = Listen();
        Forget(listener);
        using GreenTcpStream server = listener.Accept();
        server.ReadTimeout = 10;
        WaitUntil(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            try
            {
                return server.ReadByte() == -1;
            }
            catch (IOException e) when (e.InnerException is TimeoutException)
            {
                return false;
            }
        });

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(GreenTcpListener listener)
        {
            GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
            client.ReadTimeout = 1;
            Assert.Throws<IOException>(() => client.ReadByte());
        }
    });

    [Fact]
    public void An_accept_without_a_descriptor_left_pauses_and_goes_on_when_there_is_one() => Run(() =>
    {
        using GreenTcpListener listener = Listen();
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        using (new NoDescriptors())
        {
            Assert.IsType<SystemCallException>(
                Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.FromMilliseconds(30))).InnerException);
        }

        Task<GreenTcpStream> pending;
        GreenTcpStream? accepted = null;
        bool hasNone = false;
        Task acceptor = StartWhen(() => hasNone, () => accepted = listener.Accept());
        using (GreenTcpStream second = GreenTcpStream.Connect(listener.LocalEndPoint))
        {
            using (new NoDescriptors())
            {
                Volatile.Write(ref hasNone, true);
                WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Close);
                pending = listener.AcceptAsync().AsTask();
                Assert.False(pending.IsCompleted);
            }
            Join(acceptor, pending);
            accepted!.Dispose();
            pending.Result.Dispose();
        }
        CheckWarnings(listener.LocalEndPoint);
    });

    [Fact]
    public void Dispose_wakes_an_acceptor_that_pauses() => Run(() =>
    {
        using GreenTcpListener listener = Listen();
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        bool hasNone = false;
        Task acceptor = StartWhen(() => hasNone, () => Assert.Throws<ObjectDisposedException>(listener.Accept));
        using (new NoDescriptors())
        {
            Volatile.Write(ref hasNone, true);
            WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Close);
            Task<GreenTcpStream> pending = listener.AcceptAsync().AsTask();
            listener.Dispose();
            Join(acceptor);
            WaitUntil(() => pending.IsCompleted);
            Assert.IsType<ObjectDisposedException>(pending.Exception?.InnerException);
        }
    });

    /// <summary>Looks at what was logged about a listener that could not accept; for hosts that record it.</summary>
    protected virtual void CheckWarnings(IPEndPoint listener)
    {
        string[] warnings = [.. RecordingLogger.OfDefaultGroup.Messages.Where(message => message.Contains(listener.ToString(), StringComparison.Ordinal))];
        Assert.Single(warnings);
        Assert.Contains("RLIMIT_NOFILE", warnings[0], StringComparison.Ordinal);
    }

    /// <summary>Starts a body that goes on when a condition holds. To start a thread takes descriptors, also for the thread pool and its timers.</summary>
    private Task StartWhen(Func<bool> condition, Action body)
    {
        using var timer = new CancellationTokenSource(1);
        WaitUntil(() => timer.IsCancellationRequested);
        var started = false;
        Task task = Start(() =>
        {
            Volatile.Write(ref started, true);
            WaitUntil(condition);
            body();
        });
        WaitUntil(() => Volatile.Read(ref started));
        return task;
    }

    private static GreenTcpListener Listen() => GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));

    private static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>Takes all descriptors of the process until Dispose: a low limit, and what is free below it used up.</summary>
    private sealed class NoDescriptors : IDisposable
    {
        private readonly List<int> _taken = [];
        private readonly Limit _before;

        internal unsafe NoDescriptors()
        {
            Limit before;
            Assert.Equal(0, getrlimit(RLIMIT_NOFILE, &before));
            _before = before;
            Limit lowered = before;
            int free = dup(0);
            close(free);
            // A limit below numbers in use is allowed: it holds for new ones.
            lowered.Current = (ulong)free + 1;
            _taken.EnsureCapacity(1024);
            Assert.Equal(0, setrlimit(RLIMIT_NOFILE, &lowered));
            for (int taken = dup(0); taken >= 0; taken = dup(0))
                _taken.Add(taken);
        }

        public unsafe void Dispose()
        {
            Limit before = _before;
            Assert.Equal(0, setrlimit(RLIMIT_NOFILE, &before));
            _taken.ForEach(taken => close(taken));
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        internal ulong Current;
        internal ulong Maximum;
    }

    [LibraryImport("libc")]
    private static unsafe partial int getrlimit(int resource, Limit* limit);

    [LibraryImport("libc")]
    private static unsafe partial int setrlimit(int resource, Limit* limit);

    [LibraryImport("libc")]
    private static partial int dup(int fd);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
