using System.Diagnostics;
using System.Net;

namespace GreenThreads.Tests;

/// <summary>A green thread that blocks its OS thread, or computes without end, stops nobody else.</summary>
public sealed class MonitorTests
{
    [Fact]
    public void An_echo_server_keeps_answering_while_every_scheduler_sleeps_in_native_code()
    {
        var logger = new RecordingLogger();
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, LoggerFactory = logger });
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        GreenThread server = group.SpawnDaemon(() =>
        {
            while (true)
            {
                GreenTcpStream stream = listener.Accept();
                GreenThread.SpawnDaemon(() =>
                {
                    using (stream)
                    {
                        while (stream.ReadByte() is var value and >= 0)
                            stream.WriteByte((byte)value);
                    }
                });
            }
        });
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        client.ReadTimeout = (int)TimeLimit.Generous.TotalMilliseconds;
        Echo(client); // The connection's descriptor is registered with a regular scheduler.

        GreenThread[] sleepers = [.. Enumerable.Range(0, 8).Select(_ => group.Spawn(() => Thread.Sleep(1000)))];
        int answers = 0;
        while (sleepers.Any(static sleeper => sleeper.State != GreenThreadState.Ended))
        {
            Echo(client);
            answers++;
        }
        // At a stretch of a second, a server that was stopped would have answered twice.
        Assert.True(answers > 20, $"{answers} answers");
        if (GreenRuntime.Mode != GreenRuntimeMode.Switched)
            return;
        SchedulerGroupSnapshot snapshot = group.Snapshot();
        Assert.True(snapshot.Schedulers.Sum(static scheduler => scheduler.StuckInNativeCode) >= 8, "not every sleeper was noticed");
        Assert.Contains(snapshot.Schedulers, static scheduler => scheduler.IsSpare);
        logger.WaitFor("is stuck", "Sleep");
        // On a busy machine the server may be found stuck too, which is another site.
        string[] reports = [.. logger.Messages.Where(static message =>
            message.Contains("is stuck", StringComparison.Ordinal) && message.Contains("Sleep", StringComparison.Ordinal))];
        Assert.Single(reports); // One site: one line a minute.
        Assert.Contains("MonitorTests.cs:", reports[0], StringComparison.Ordinal);
        Assert.Contains("is blocked in native code", reports[0], StringComparison.Ordinal);
    }

    [SwitchedFact]
    public void A_computation_is_told_apart_and_others_go_on_beside_it()
    {
        var logger = new RecordingLogger();
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, LoggerFactory = logger });
        bool stop = false;
        GreenThread hog = group.Spawn(() => Compute(ref stop));
        for (int i = 0; i < 50; i++)
            Assert.True(group.Spawn(() => GreenThread.Sleep(TimeSpan.FromMilliseconds(1))).Join(TimeLimit.Generous), "others starve");
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].StuckComputing > 0, TimeLimit.Generous));
        logger.WaitFor("computes", nameof(Compute)); // While it computes: afterwards nobody could name the method.
        Volatile.Write(ref stop, true);
        hog.Join();
    }

    [SwitchedFact]
    public void The_longest_block_is_measured()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        using var unstick = new ManualResetEventSlim();
        GreenThread blocker = group.Spawn(() => Green.BlockOsThread(unstick));
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].LongestBlock > TimeSpan.FromMilliseconds(20), TimeLimit.Generous));
        unstick.Set();
        blocker.Join();
    }

    private static void Compute(ref bool stop)
    {
        while (!Volatile.Read(ref stop))
        {
        }
    }

    [SwitchedFact]
    public void Timers_and_descriptors_of_a_stuck_scheduler_are_served()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        using var connection = new Connection();
        using var unstick = new ManualResetEventSlim();
        var watch = new Stopwatch();
        GreenThread sleeper = group.Spawn(() =>
        {
            GreenThread.Sleep(TimeSpan.FromMilliseconds(50));
            return !unstick.IsSet;
        });
        GreenThread<bool> reader = group.Spawn(() => connection.Server.ReadByte() == 7 && !unstick.IsSet);
        GreenThread<bool> timed = group.Spawn(() =>
        {
            bool permit = GreenThread.Park(TimeSpan.FromMilliseconds(30));
            return !permit && !unstick.IsSet;
        });
        // The one that is timed is not looked at: its time may have passed by then. It runs before the blocker, which is spawned later.
        Assert.True(SpinWait.SpinUntil(() => connection.Server.Descriptor.Interest.HasWaiters(WaitDirection.Read), TimeLimit.Generous));
        GreenThread blocker = group.Spawn(() => Green.BlockOsThread(unstick));
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].State == SchedulerState.Stuck, TimeLimit.Generous));
        connection.Client.WriteByte(7);
        Assert.True(sleeper.Join(TimeLimit.Generous) && reader.Join(TimeLimit.Generous) && timed.Join(TimeLimit.Generous));
        Assert.True(reader.Result && timed.Result);
        unstick.Set();
        blocker.Join();
    }

    [SwitchedFact]
    public void Spare_schedulers_are_bounded_retire_and_are_used_again()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 2 });
        for (int round = 0; round < 5; round++)
        {
            using var unstick = new ManualResetEventSlim();
            GreenThread[] blockers = [.. Enumerable.Range(0, 5).Select(_ => group.Spawn(() => Green.BlockOsThread(unstick)))];
            Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers.Count(static scheduler => scheduler.State == SchedulerState.Stuck) == 3, TimeLimit.Generous));
            unstick.Set();
            foreach (GreenThread blocker in blockers)
                Assert.True(blocker.Join(TimeLimit.Generous));
            Assert.True(SpinWait.SpinUntil(
                () => group.Snapshot().Schedulers.Where(static scheduler => scheduler.IsSpare).All(static scheduler => scheduler.State == SchedulerState.Retired),
                TimeLimit.Generous), "a spare did not retire");
        }
        Assert.Equal(3, group.Snapshot().Schedulers.Count);
    }

    [SwitchedFact]
    public void What_a_retired_spare_has_parked_goes_on()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 1 });
        using var unstick = new ManualResetEventSlim();
        GreenThread blocker = group.Spawn(() => Green.BlockOsThread(unstick));
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        int spareOsThread = 0;
        GreenThread timed = group.Spawn(() =>
        {
            spareOsThread = Interop.gettid();
            for (int i = 0; i < 30; i++)
                GreenThread.Sleep(TimeSpan.FromMilliseconds(5));
        });
        GreenThread<int> socket = group.Spawn(() =>
        {
            using GreenTcpStream stream = listener.Accept();
            return stream.ReadByte();
        });
        GreenThread affine = group.Spawn(() =>
        {
            try
            {
                throw new InvalidOperationException();
            }
            catch (InvalidOperationException)
            {
                int home = Interop.gettid();
                for (int i = 0; i < 30; i++)
                {
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(5));
                    Assert.Equal(home, Interop.gettid());
                }
            }
        });
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref spareOsThread) != 0, TimeLimit.Generous));
        unstick.Set();
        Assert.True(blocker.Join(TimeLimit.Generous));
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        client.WriteByte(9);
        Assert.True(timed.Join(TimeLimit.Generous) && affine.Join(TimeLimit.Generous) && socket.Join(TimeLimit.Generous));
        Assert.Equal(9, socket.Result);
    }

    [SwitchedFact]
    public void A_logger_that_fails_or_waits_for_a_green_thread_does_no_harm()
    {
        // The logger takes a lock whose owner is a parked green thread, and its scheduler is stuck waiting for the same lock.
        var gate = new object();
        using var logger = new HostileLogger(gate);
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, LoggerFactory = logger });
        GreenThread? other = null;
        GreenThread owner = group.Spawn(() =>
        {
            lock (gate)
            {
                other = GreenThread.Spawn(() => // Runs as soon as the owner has parked: there is one scheduler.
                {
                    using (NoPark.Enter())
                    {
                        lock (gate)
                        {
                        }
                    }
                });
                GreenThread.Sleep(TimeSpan.FromMilliseconds(30));
            }
        });
        Assert.True(owner.Join(TimeLimit.Generous) && other!.Join(TimeLimit.Generous), "the logger stopped the monitor");
    }

    private sealed class HostileLogger(object gate) : Microsoft.Extensions.Logging.ILogger, Microsoft.Extensions.Logging.ILoggerFactory
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (gate)
                throw new IOException("the log is full");
        }

        public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(Microsoft.Extensions.Logging.ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }

    private static void Echo(GreenTcpStream client)
    {
        client.WriteByte(1);
        Assert.Equal(1, client.ReadByte());
    }
}
