using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>The example of docs/event-loop.md works, and is what the page shows.</summary>
public abstract class MessageQueueContract : ThreadContract
{
    [Fact]
    public void Messages_arrive_in_their_order_and_a_full_queue_is_waited_for() => Run(() =>
    {
        const int Messages = 100;
        if (Open() is not { } queue)
            return; // This kernel, or this container, has no message queues.
        using (queue)
        {
            Task receiver = Start(() =>
            {
                byte[] message = new byte[8];
                for (int i = 0; i < Messages; i++)
                {
                    Assert.Equal(sizeof(int), queue.Receive(message));
                    Assert.Equal(i, MemoryMarshal.Read<int>(message));
                }
            });
            for (int i = 0; i < Messages; i++)
                queue.Send(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in i)));
            Join(receiver);
        }
    });

    private static MessageQueue? Open()
    {
        try
        {
            return new MessageQueue($"/green-threads-{Guid.NewGuid():N}", capacity: 4, messageSize: 8);
        }
        catch (SystemCallException exception) when (exception.Errno is Errno.ENOSYS or Errno.EPERM or Errno.EACCES or Errno.EMFILE)
        {
            return null;
        }
    }
}

public sealed class GreenThreadMessageQueueTests : MessageQueueContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void The_page_shows_what_is_compiled()
    {
        string source = File.ReadAllText(Path.Combine(DirectoryOfThisFile(), "MessageQueue.cs"));
        int begin = source.IndexOf("// <example>\n", StringComparison.Ordinal) + "// <example>\n".Length;
        string[] lines = source[begin..source.IndexOf("    // </example>", begin, StringComparison.Ordinal)].TrimEnd().Split('\n');
        string example = string.Join('\n', lines.Select(line => line.StartsWith("    ", StringComparison.Ordinal) ? line[4..] : line));
        string page = File.ReadAllText(Path.Combine(DirectoryOfThisFile(), "..", "..", "..", "docs", "event-loop.md"));
        Assert.Contains($"```csharp\n{example}\n```", page, StringComparison.Ordinal);
    }

    private static string DirectoryOfThisFile([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

public sealed class OsThreadMessageQueueTests : MessageQueueContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
