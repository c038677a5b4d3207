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

    [SwitchedTheory]
    [InlineData(300, 200)]
    [InlineData(512, 100)]
    [InlineData(640, 100)]
    [InlineData(1000, 0)]
    public void More_than_a_ring_holds_take_turns(int threads, int microseconds) => Green.RunAlone(() =>
    {
        // Slow picks made the scheduler take from the injection queue at each, and drive those out of the ring who had waited longest: some ran 40 times
        // as often as others.
        const int rounds = 12;
        int[] runs = new int[threads];
        bool stop = false;
        GreenThread[] spinners = [.. Enumerable.Range(0, threads).Select(i => GreenThread.Spawn(() =>
        {
            while (!stop)
            {
                stop |= ++runs[i] >= rounds * 4;
                long end = System.Diagnostics.Stopwatch.GetTimestamp() + microseconds * 1000L;
                while (microseconds > 0 && System.Diagnostics.Stopwatch.GetTimestamp() < end)
                    Thread.SpinWait(5);
                stop |= i == 0 && runs[0] >= rounds;
                GreenThread.Yield();
            }
        }))];
        foreach (GreenThread spinner in spinners)
            spinner.Join();
        Assert.True(runs.Max() < rounds * 4, "one ran four times as often as another");
        Assert.True(runs.Min() >= rounds / 4, $"one ran {runs.Min()} times while another ran {rounds} times");
    });

    [SwitchedFact]
    public void Two_that_keep_waking_each_other_leave_a_third_its_turn() => Green.RunAlone(() =>
    {
        // Woken next, each runs at once; without a budget the third would never (tokio#4941). Nor beside an affine one, which has every second pick.
        bool stop = false;
        GreenThread affine = GreenThread.Spawn(() =>
        {
            try
            {
                throw new InvalidOperationException();
            }
            catch (InvalidOperationException)
            {
                while (!stop)
                    GreenThread.Yield();
            }
        });
        GreenThread? one = null, other = null;
        long handOvers = 0;
        one = GreenThread.Spawn(() => HandOver(() => other));
        other = GreenThread.Spawn(() => HandOver(() => one));
        const int rounds = 1000;
        for (int i = 0; i < rounds; i++)
            GreenThread.Yield();
        stop = true;
        one.Unpark();
        other.Unpark();
        one.Join();
        other.Join();
        affine.Join();
        Assert.InRange(handOvers, 1, rounds * 64);

        void HandOver(Func<GreenThread?> partner)
        {
            while (!stop)
            {
                handOvers++;
                partner()?.Unpark();
                GreenThread.Park();
            }
            partner()?.Unpark();
        }
    });

    [SwitchedFact]
    public void Who_computes_with_YieldIfDue_lets_others_run() => Green.RunAlone(
        () =>
        {
            bool stop = false;
            long calls = 0, yields = 0;
            GreenThread hog = GreenThread.Spawn(() =>
            {
                while (!stop)
                {
                    calls++;
                    if (GreenThread.YieldIfDue())
                        yields++;
                }
            });
            for (int i = 0; i < 20; i++)
                GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
            stop = true;
            hog.Join();
            Assert.InRange(yields, 1, calls / 100);
        },
        new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });

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
