using System.Net;

namespace GreenThreads.Tests;

/// <summary>Coroutines come back to their pool.</summary>
public sealed class ReuseTests
{
    [Fact]
    public void Short_threads_one_after_the_other_share_stacks()
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            return; // no stacks of ours there
        GreenThread.Spawn(() => { }).Join();
        int before = Coroutine.Arena.InUse;
        for (int i = 0; i < 1000; i++)
            GreenThread.Spawn(() => GreenThread.Yield()).Join();
        Green.Run(() =>
        {
            for (int i = 0; i < 10_000; i++)
                GreenThread.Spawn(() => { }).Join();
        });
        Assert.InRange(Coroutine.Arena.InUse, before, before + 4);
    }

    [Fact]
    public void Ten_thousand_connections_leave_no_stack_behind()
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            return; // no stacks of ours there
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        GreenThread server = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                GreenTcpStream stream = listener.Accept();
                GreenThread.Spawn(() =>
                {
                    using (stream)
                        stream.WriteByte((byte)stream.ReadByte());
                });
            }
        });
        void Connect(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using GreenTcpStream stream = GreenTcpStream.Connect(listener.LocalEndPoint);
                stream.WriteByte(1);
                Assert.Equal(1, stream.ReadByte());
            }
        }
        Green.Run(() => Connect(100));
        int before = Coroutine.Arena.InUse;
        Green.Run(() => Connect(9_900));
        server.Join();
        Assert.InRange(Coroutine.Arena.InUse, 1, before + 4);
    }

    [SwitchedFactWithOptimizedCode]
    public void A_parked_green_thread_keeps_no_ended_one_alive()
    {
        // Each parks on a stack of its own, and another runs and ends right after it. Code of the first tier kept a reference to that one.
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        const int count = 200;
        var parked = new GreenThread[count];
        var ended = new WeakReference[count];
        group.Spawn(() =>
        {
            for (int i = 0; i < count; i++)
                (parked[i], ended[i]) = ParkOneAndRunAnother();
        }).Join();
        for (int i = 0; i < 10; i++)
        {
            group.Spawn(GreenThread.Yield).Join(); // What the scheduler ran last it still knows.
            GC.Collect();
        }
        int alive = ended.Count(static reference => reference.IsAlive);
        foreach (GreenThread thread in parked)
        {
            thread.Unpark();
            thread.Join();
        }
        Assert.InRange(alive, 0, 5);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (GreenThread Parked, WeakReference Ended) ParkOneAndRunAnother()
        {
            GreenThread parks = GreenThread.Spawn(GreenThread.Park);
            GreenThread ends = GreenThread.Spawn(static () => { });
            GreenThread.Yield();
            ends.Join();
            return (parks, new WeakReference(ends));
        }
    }
}
