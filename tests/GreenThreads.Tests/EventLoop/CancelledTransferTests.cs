namespace GreenThreads.Tests;

/// <summary>Who is cancelled while it receives what is there, without ever waiting, has lost nothing of it.</summary>
public sealed class CancelledTransferTests
{
    private const int Bytes = 20_000;

    [Fact]
    public void No_byte_of_a_socket_or_a_pipe_is_lost()
    {
        using (var connection = new Connection())
            CheckBytes(connection.Server, connection.Client);
        using (var pipe = GreenPipe.Create())
            CheckBytes(pipe.Writer, pipe.Reader);
    }

    [Fact]
    public void No_datagram_is_lost()
    {
        var anyPort = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0);
        using var receiver = GreenUdpSocket.Bind(anyPort);
        using var sender = GreenUdpSocket.Connect(receiver.LocalEndPoint);
        const int Count = 150;
        for (int i = 0; i < Count; i++)
            sender.Send([(byte)i]);
        int received = 0;
        byte[] buffer = new byte[1];
        RunCancelled(() =>
        {
            Assert.Equal(1, receiver.Receive(buffer).Count);
            Assert.Equal((byte)received++, buffer[0]);
        });
        while (received < Count)
        {
            receiver.Receive(buffer, TimeLimit.Generous);
            Assert.Equal((byte)received++, buffer[0]);
        }
    }

    [Fact]
    public void No_descriptor_is_lost()
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using (one)
        using (other)
        {
            const int Count = 150;
            for (int i = 0; i < Count; i++)
                one.SendDescriptor(other.Descriptor);
            int received = 0;
            RunCancelled(() =>
            {
                other.ReceiveDescriptor().Dispose();
                received++;
            });
            for (; received < Count; received++)
                other.ReceiveDescriptor().Dispose();
            other.ReadTimeout = 1;
            Assert.Throws<IOException>(() => other.ReceiveDescriptor());
        }
    }

    private static void CheckBytes(Stream writer, Stream reader)
    {
        byte[] sent = new byte[Bytes];
        new Random(8).NextBytes(sent);
        writer.Write(sent);
        int received = 0;
        RunCancelled(() =>
        {
            int value = reader.ReadByte();
            Assert.Equal(sent[received++], value);
        });
        Assert.InRange(received, 1, Bytes - 1);
        for (; received < Bytes; received++)
            Assert.Equal(sent[received], reader.ReadByte());
    }

    // Cancels itself in the middle of its budget, so that the budget's end tells it, and repeats the operation until it is told.
    private static void RunCancelled(Action operation)
    {
        int count = 0;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            while (true)
            {
                if (++count == 10)
                    GreenThread.Current!.Cancel();
                operation();
            }
        });
        Assert.Throws<GreenThreadCanceledException>(() => thread.Join());
    }
}
