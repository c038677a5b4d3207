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
}
