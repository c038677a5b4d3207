using System.Net;

namespace GreenThreads.Tests;

/// <summary>What must not allocate. Counted per OS thread.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Reads_and_writes_allocate_nothing_whether_they_wait_or_not()
    {
        const int Rounds = 2000;
        using var connection = new Connection();
        Task echo = OsThreads.Start(() =>
        {
            for (int value = connection.Server.ReadByte(); value >= 0; value = connection.Server.ReadByte())
                connection.Server.WriteByte((byte)value);
        });
        byte[] buffer = new byte[1];
        Exchange();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange();
        // The runtime allocates once or twice on its own, for a lock that was contended; a byte a round would be ours.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rounds / 2);
        connection.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        echo.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

        void Exchange()
        {
            for (int i = 0; i < Rounds; i++)
            {
                connection.Client.Write(buffer);
                if (connection.Client.Read(buffer) != 1) // Assert.Equal allocates.
                    throw new EndOfStreamException();
            }
        }
    }

    [Fact]
    public void A_wait_by_number_allocates_an_interest_and_nothing_that_grows()
    {
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        int number = (int)listener.Descriptor.DangerousGetHandle();
        for (int i = 0; i < 10; i++)
            EventLoop.WaitReadable(number, TimeSpan.FromMicroseconds(10));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            Assert.False(EventLoop.WaitReadable(number, TimeSpan.FromMicroseconds(10)));
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 256);
    }
}
