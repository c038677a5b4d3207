using System.Net;

namespace GreenThreads.Tests;

/// <summary>A scheduler that always has something to run still serves everybody else.</summary>
public sealed class FairnessTests
{
    [Fact]
    public void Yielding_threads_take_turns() => Green.RunAlone(() =>
    {
        // Counts from the moment when all run, so that the start does not matter.
        const int threads = 5, rounds = 2000;
        int[] counts = new int[threads];
        int started = 0;
        bool stop = false;
        GreenThread[] spinners = [.. Enumerable.Range(0, threads).Select(i => GreenThread.Spawn(() =>
        {
            started++;
            while (started < threads)
                GreenThread.Yield();
            while (!stop)
            {
                stop |= ++counts[i] == rounds;
                GreenThread.Yield();
            }
        }))];
        foreach (GreenThread spinner in spinners)
            spinner.Join();
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            Assert.All(counts, count => Assert.InRange(count, rounds - 5, rounds + 5));
    });

    [Fact]
    public void Spawns_from_outside_are_served_while_others_yield_without_end() => WithSpinners(() =>
    {
        for (int i = 0; i < 200; i++)
            Assert.Equal(i, GreenThread.Spawn(() => i).Result);
    });

    [Fact]
    public void Timers_are_served_while_others_yield_without_end() => WithSpinners(() =>
    {
        for (int i = 0; i < 20; i++)
            GreenThread.Spawn(() => GreenThread.Sleep(TimeSpan.FromMilliseconds(1))).Join();
    });

    [Fact]
    public void Sockets_are_served_while_others_yield_without_end() => WithSpinners(() =>
    {
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        GreenThread server = GreenThread.Spawn(() =>
        {
            using GreenTcpStream stream = listener.Accept();
            for (int i = 0; i < 200; i++)
                stream.WriteByte((byte)stream.ReadByte());
        });
        GreenThread.Spawn(() =>
        {
            using GreenTcpStream stream = GreenTcpStream.Connect(listener.LocalEndPoint);
            for (int i = 0; i < 200; i++)
            {
                stream.WriteByte((byte)i);
                Assert.Equal((byte)i, stream.ReadByte());
            }
        }).Join();
        server.Join();
    });

    private static void WithSpinners(Action body)
    {
        bool stop = false;
        GreenThread[] spinners = [.. Enumerable.Range(0, 3).Select(_ => GreenThread.Spawn(() =>
        {
            while (!Volatile.Read(ref stop))
                GreenThread.Yield();
        }))];
        try
        {
            Assert.True(Task.Run(body).Wait(TimeLimit.Generous), "somebody starved");
        }
        finally
        {
            Volatile.Write(ref stop, true);
            foreach (GreenThread spinner in spinners)
                spinner.Join();
        }
    }
}
