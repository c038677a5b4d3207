using System.Diagnostics;

namespace GreenThreads.Tests;

/// <summary>
/// A group that is never deadlocked but asleep most of the time, all of it waiting for each other but for one who is driven from somewhere at short pauses. It looks for
/// deadlocks after a millisecond.
/// </summary>
public sealed class DeadlockStressTests
{
    private static readonly TimeSpan s_duration = TimeSpan.FromMilliseconds(250);

    public static TheoryData<string, int> Drivers()
    {
        var drivers = new TheoryData<string, int>();
        foreach (string driver in (string[])["OS thread", "timer", "socket", "task", "framework"])
        {
            foreach (int schedulers in (int[])[1, 8])
                drivers.Add(driver, schedulers);
        }
        return drivers;
    }

    [Theory]
    [MemberData(nameof(Drivers))]
    public void A_group_that_is_driven_at_short_pauses_reports_nothing(string driver, int schedulers)
    {
        using var world = new DeadlockWorld(schedulers, TimeSpan.FromMilliseconds(1));
        int rounds = 0;
        var main = new Thread(() => rounds = Drive(world, driver)) { IsBackground = true };
        main.Start();
        Assert.True(main.Join(TimeLimit.Generous), "it hangs");
        Assert.True(world.Group.Shutdown(TimeLimit.Generous).HasDrained, "somebody is left");
        Assert.True(world.Reports == 0, world.AllReports);
        Assert.True(rounds > 0);
    }

    // Each round goes through workers that wait at a channel, and who waits for what they do: at a semaphore, for a lock, for the end of a green thread.
    private static int Drive(DeadlockWorld world, string driver)
    {
        var jobs = new GreenChannel<int>[1];
        var done = new GreenSemaphore[1];
        Task prepared = OsThreads.Start(() =>
        {
            // Made by somebody who ends: only who drives holds it from then on.
            jobs[0] = new GreenChannel<int>(4);
            done[0] = new GreenSemaphore(0);
        });
        prepared.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        var mutex = new GreenMutex();
        GreenThread[] workers = [.. Enumerable.Range(0, 10).Select(_ => world.Group.Spawn(() =>
        {
            foreach (int _ in jobs[0])
            {
                using (mutex.Lock())
                    GreenThread.Spawn(static () => { }).Join();
                done[0].Release();
            }
        }))];
        int rounds = 0;
        if (driver == "OS thread")
        {
            rounds = Rounds(static pause => Thread.Sleep(pause), jobs[0], done[0]);
        }
        else
        {
            using var connection = new Connection();
            using var events = new SemaphoreSlim(0);
            bool isOver = false;
            Task feeder = OsThreads.Start(() =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    Thread.Sleep(3);
                    if (driver == "socket")
                        connection.Client.WriteByte(1);
                    else
                        events.Release();
                }
            });
            GreenThread green = world.Group.Spawn(() => rounds = Rounds(pause => Pause(driver, pause, connection, events), jobs[0], done[0]));
            green.Join();
            Volatile.Write(ref isOver, true);
            feeder.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        }
        foreach (GreenThread worker in workers)
            worker.Join();
        return rounds;
    }

    private static void Pause(string driver, TimeSpan pause, Connection connection, SemaphoreSlim events)
    {
        switch (driver)
        {
            case "timer":
                GreenThread.Sleep(pause);
                break;
            case "socket":
                connection.Server.ReadByte();
                break;
            case "task":
                GreenThread.Await(Task.Delay(pause));
                break;
            default:
                events.Wait();
                break;
        }
    }

    private static int Rounds(Action<TimeSpan> pause, GreenChannel<int> jobs, GreenSemaphore done)
    {
        var random = new Random(1);
        long end = Stopwatch.GetTimestamp() + (long)(s_duration.TotalSeconds * Stopwatch.Frequency);
        int rounds = 0;
        for (; Stopwatch.GetTimestamp() < end; rounds++)
        {
            int count = random.Next(1, 20);
            for (int i = 0; i < count; i++)
                jobs.Send(i);
            for (int i = 0; i < count; i++)
                done.Wait();
            pause(TimeSpan.FromMilliseconds(random.Next(12)));
        }
        jobs.Complete();
        return rounds;
    }
}
