using System.Collections.Concurrent;
using System.Net;

namespace GreenThreads.Tests;

/// <summary>What a row needs, and what is disposed of after it.</summary>
internal sealed class CancelPlace : IDisposable
{
    private readonly Stack<IDisposable> _owned = new();

    internal T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Push(resource);
        return resource;
    }

    internal void AtEnd(Action end) => Own(new End(end));

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? resource))
            resource.Dispose();
    }

    private sealed class End(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>Everything that a green thread can be in when somebody cancels it. Each row makes a wait that never ends by itself.</summary>
internal static class CancelPlaces
{
    private static readonly TimeSpan s_long = TimeSpan.FromHours(1);

    /// <summary>Waits of the library's own: a cancellation ends them at once, in bound mode too.</summary>
    internal static readonly Dictionary<string, Func<CancelPlace, Action>> Green = new()
    {
        ["Sleep"] = static _ => static () => GreenThread.Sleep(s_long),
        ["Sleep without end"] = static _ => static () => GreenThread.Sleep(Timeout.InfiniteTimeSpan),
        ["Park"] = static _ => GreenThread.Park,
        ["Park with a timeout"] = static _ => static () => GreenThread.Park(s_long),
        ["Join"] = static place => ParkedThread(place).Join,
        ["Join with a timeout"] = static place => Bind(ParkedThread(place), static thread => thread.Join(s_long)),
        ["Join with a token"] = static place => Bind((ParkedThread(place), Token(place)), static both => both.Item1.Join(both.Item2)),
        ["Await"] = static _ => static () => GreenThread.Await(new TaskCompletionSource().Task),
        ["Await of a result"] = static _ => static () => GreenThread.Await(new TaskCompletionSource<int>().Task),
        ["Await with a timeout"] = static _ => static () => GreenThread.Await(new TaskCompletionSource().Task, s_long),
        ["Await with a token"] = static place => Bind(Token(place), static token => GreenThread.Await(new TaskCompletionSource().Task, token)),
        ["Await of a value task"] = static _ => static () => GreenThread.Await(new ValueTask<int>(new TaskCompletionSource<int>().Task)),
        ["Read"] = static place => Bind(place.Own(new Connection()), static connection => connection.Server.ReadByte()),
        ["Read with a timeout"] = static place => Bind(place.Own(new Connection()), static connection =>
        {
            connection.Server.ReadTimeout = 3_600_000;
            connection.Server.ReadByte();
        }),
        ["Write"] = static place => Bind(place.Own(new Connection()), static connection => connection.Server.Write(new byte[64 << 20])),
        ["Accept beyond the limit"] = static place => Bind(LimitedListener(place), static listener => listener.Accept()),
        ["Accept of a Unix socket"] = static place => Bind(place.Own(GreenUnixListener.Listen($"@{Guid.NewGuid()}")), static listener => listener.Accept()),
        ["Connect to a Unix socket"] = static place => Bind(FullBacklog(place), static name => GreenUnixStream.Connect(name)),
        ["Receive of a descriptor"] = static place => Bind(UnixPair(place), static stream => stream.ReceiveDescriptor()),
        ["Receive of a datagram"] = static place => Bind(place.Own(GreenUdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0))),
            static socket => socket.Receive(new byte[1])),
        ["Read of a pipe"] = static place => Bind(place.Own(GreenPipe.Create()), static pipe => pipe.Reader.ReadByte()),
        ["Write to a pipe"] = static place => Bind(place.Own(GreenPipe.Create()), static pipe => pipe.Writer.Write(new byte[1 << 20])),
        ["Open of a named pipe"] = static place => Bind(Fifo(place), static path => GreenPipe.OpenWriter(path)),
        ["Read of a message"] = static place => Bind(new LengthPrefixedStream(UnixPair(place)), static messages => messages.TryRead(out _)),
        ["Accept"] = static place => Bind(Listener(place, backlog: 10), static listener => listener.Accept()),
        ["Accept with a timeout"] = static place => Bind(Listener(place, backlog: 10), static listener => listener.Accept(s_long)),
        ["Connect"] = static place => Bind(FullListener(place), static listener => GreenTcpStream.Connect(listener.LocalEndPoint)),
        ["Connect with a timeout"] = static place => Bind(FullListener(place), static listener => GreenTcpStream.Connect(listener.LocalEndPoint, s_long)),
        ["WaitReadable"] = static place => Bind(place.Own(new SocketPair()), static pair => EventLoop.WaitReadable(pair.One)),
        ["WaitReadable with a timeout"] = static place => Bind(place.Own(new SocketPair()), static pair => EventLoop.WaitReadable(pair.One, s_long)),
        ["WaitWritable"] = static place =>
        {
            SocketPair pair = place.Own(new SocketPair());
            Assert.Throws<IOException>(() => pair.One.Send(new byte[16 << 20], timeout: 1)); // Until the buffer is full.
            return () => EventLoop.WaitWritable(pair.One);
        },
        ["GreenScope.Join"] = static _ => static () =>
        {
            using GreenScope scope = GreenScope.Open();
            scope.Spawn(GreenThread.Park);
            scope.Join();
        },
        ["GreenScope.Run"] = static _ => static () => GreenScope.Run(static scope => scope.Spawn(GreenThread.Park)),
        ["GreenMutex.Lock"] = static place => Bind(LockedMutex(place), static mutex => mutex.Lock().Dispose()),
        ["GreenMutex.Lock with a token"] = static place => Bind((LockedMutex(place), Token(place)), static both => both.Item1.Lock(both.Item2).Dispose()),
        ["GreenMutex.TryLock"] = static place => Bind(LockedMutex(place), static mutex => mutex.TryLock(s_long)),
        ["GreenSemaphore.Wait"] = static _ => new GreenSemaphore(0).Wait,
        ["GreenSemaphore.TryWait"] = static _ => static () => new GreenSemaphore(0).TryWait(s_long),
        ["GreenChannel.Send"] = static _ => static () => new GreenChannel<int>().Send(1),
        ["GreenChannel.TrySend"] = static _ => static () => new GreenChannel<int>().TrySend(1, s_long),
        ["GreenChannel.Receive"] = static _ => static () => new GreenChannel<int>().Receive(),
        ["GreenChannel.TryReceive"] = static _ => static () => new GreenChannel<int>().TryReceive(out int _, s_long),
        ["foreach over a GreenChannel"] = static _ => static () =>
        {
            foreach (int _ in new GreenChannel<int>(3))
            {
            }
        },
        ["GreenRwLock.EnterRead"] = static place => Bind(WriteLocked(place), static rwLock => rwLock.EnterRead().Dispose()),
        ["GreenRwLock.EnterWrite"] = static place => Bind(WriteLocked(place), static rwLock => rwLock.EnterWrite().Dispose()),
        ["GreenRwLock.TryEnterWrite"] = static place => Bind(WriteLocked(place), static rwLock => rwLock.TryEnterWrite(s_long)),
        ["GreenCondition.Wait"] = static place =>
        {
            var mutex = new GreenMutex();
            var condition = new GreenCondition(mutex);
            place.AtEnd(() => Assert.False(mutex.IsLocked));
            return () =>
            {
                using (mutex.Lock()) // Which it owns again when the wait has ended, or this would throw.
                    condition.Wait();
            };
        },
        ["GreenBarrier.SignalAndWait"] = static _ => new GreenBarrier(2).SignalAndWait,
        ["GreenLatch.Wait"] = static _ => new GreenLatch(1).Wait,
        ["GreenOnce.Run"] = static place =>
        {
            var once = new GreenOnce();
            var isRunning = new Signal();
            GreenThread first = GreenThread.Spawn(() => once.Run(() =>
            {
                isRunning.Set();
                GreenThread.Park();
            }));
            Assert.True(isRunning.Wait(Deadline.After(TimeLimit.Generous)));
            place.AtEnd(() =>
            {
                first.Unpark();
                Assert.True(first.Join(TimeLimit.Generous));
            });
            return () => once.Run(static () => { });
        },
        ["Select.Wait"] = static place => Bind((new GreenChannel<int>(), new GreenSemaphore(0), ParkedThread(place)), static all =>
            Select.Wait(Select.Receive(all.Item1), Select.Acquire(all.Item2), Select.Ended(all.Item3), Select.After(s_long), Select.Completed(new TaskCompletionSource().Task))),
        ["SchedulerGroup.Shutdown"] = static place =>
        {
            var mayEnd = new Signal();
            var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "drains" });
            group.Spawn(() => mayEnd.Wait(Deadline.Never));
            place.AtEnd(() =>
            {
                mayEnd.Set();
                group.Shutdown(Timeout.InfiniteTimeSpan);
            });
            return () => group.Shutdown(Timeout.InfiniteTimeSpan);
        },
        ["a loop that yields"] = static _ => static () =>
        {
            while (true)
                GreenThread.Yield();
        },
        ["a computation that yields when due"] = static _ => static () =>
        {
            while (true)
                GreenThread.YieldIfDue();
        },
    };

    /// <summary>Waits of the framework. In bound mode nobody ends them.</summary>
    internal static readonly Dictionary<string, Func<CancelPlace, Action>> Framework = new()
    {
        ["SemaphoreSlim.Wait"] = static place => place.Own(new SemaphoreSlim(0)).Wait,
        ["Task.Wait"] = static _ => new TaskCompletionSource().Task.Wait,
        ["Task.Result"] = static _ => static () => GC.KeepAlive(new TaskCompletionSource<int>().Task.Result),
        ["Monitor.Wait"] = static _ => static () =>
        {
            var gate = new object();
            lock (gate)
                Monitor.Wait(gate);
        },
        ["AutoResetEvent.WaitOne"] = static place => Bind(place.Own(new AutoResetEvent(false)), static each => each.WaitOne()),
        ["ManualResetEventSlim.Wait"] = static place => place.Own(new ManualResetEventSlim()).Wait,
        ["WaitHandle.WaitAll"] = static place => Bind(
            new WaitHandle[] { place.Own(new AutoResetEvent(true)), place.Own(new AutoResetEvent(false)) }, static handles => WaitHandle.WaitAll(handles)),
        ["CountdownEvent.Wait"] = static place => place.Own(new CountdownEvent(1)).Wait,
        ["BlockingCollection.Take"] = static place => Bind(place.Own(new BlockingCollection<int>()), static items => items.Take()),
        ["Socket.Receive of an adopted socket"] = static place =>
        {
            var listener = place.Own(new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0));
            listener.Start();
            var client = place.Own(new System.Net.Sockets.TcpClient());
            client.Connect((IPEndPoint)listener.LocalEndpoint);
            System.Net.Sockets.Socket server = GreenThread.Adopt(place.Own(listener.AcceptSocket()));
            return () => server.Receive(new byte[1]);
        },
    };

    internal static IEnumerable<string> Names => GreenRuntime.Mode == GreenRuntimeMode.Switched ? Green.Keys.Concat(Framework.Keys) : Green.Keys;

    internal static Action Make(string name, CancelPlace place) => (Green.TryGetValue(name, out Func<CancelPlace, Action>? make) ? make : Framework[name])(place);

    private static Action Bind<T>(T state, Action<T> body) => () => body(state);

    private static CancellationToken Token(CancelPlace place) => place.Own(new CancellationTokenSource()).Token;

    private static GreenThread ParkedThread(CancelPlace place)
    {
        GreenThread thread = GreenThread.Spawn(GreenThread.Park);
        place.AtEnd(() =>
        {
            // Who has waited for its end in vain has left its list: it ends as ever.
            thread.Unpark();
            Assert.True(thread.Join(TimeLimit.Generous));
        });
        return thread;
    }

    private static GreenMutex LockedMutex(CancelPlace place)
    {
        var mutex = new GreenMutex();
        Assert.True(mutex.TryLock());
        place.AtEnd(() =>
        {
            Assert.Equal(0, mutex.WaiterCount);
            mutex.Unlock();
        });
        return mutex;
    }

    private static GreenRwLock WriteLocked(CancelPlace place)
    {
        var rwLock = new GreenRwLock();
        Assert.True(rwLock.TryEnterWrite());
        place.AtEnd(() =>
        {
            Assert.Equal(0, rwLock.WaiterCount);
            rwLock.ExitWrite();
        });
        return rwLock;
    }

    private static GreenTcpListener Listener(CancelPlace place, int backlog) =>
        place.Own(GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0), backlog));

    // The kernel answers no connection that it has no room for: whoever connects waits. It has room for one more than the backlog; a limit alone would tell
    // nothing on a busy machine.
    private static GreenTcpListener FullListener(CancelPlace place)
    {
        const int Backlog = 1;
        GreenTcpListener listener = Listener(place, Backlog);
        for (int i = 0; i <= Backlog; i++)
            place.Own(GreenTcpStream.Connect(listener.LocalEndPoint, TimeLimit.Generous));
        return listener;
    }

    private static GreenTcpListener LimitedListener(CancelPlace place)
    {
        GreenTcpListener listener = Listener(place, backlog: 10);
        listener.MaximumConnections = 1;
        place.Own(GreenTcpStream.Connect(listener.LocalEndPoint, TimeLimit.Generous));
        place.Own(listener.Accept());
        return listener;
    }

    private static string FullBacklog(CancelPlace place)
    {
        const int Backlog = 1;
        var listener = place.Own(GreenUnixListener.Listen($"@{Guid.NewGuid()}", Backlog));
        for (int i = 0; i <= Backlog; i++)
            place.Own(GreenUnixStream.Connect(listener.Name, TimeLimit.Generous));
        return listener.Name;
    }

    private static GreenUnixStream UnixPair(CancelPlace place)
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        place.Own(other);
        return place.Own(one);
    }

    private static string Fifo(CancelPlace place)
    {
        string path = place.Own(new TemporaryDirectory()).PathOf("fifo");
        GreenPipe.CreateFifo(path);
        return path;
    }
}
