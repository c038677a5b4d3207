using System.Net;

namespace GreenThreads.Samples.Tests.ChatServer;

/// <summary>The chat server, with netcat as the guests' client.</summary>
public sealed class ChatServerTests
{
    [ToolFact("nc")]
    public void Guests_with_netcat_hear_each_other_in_their_room_only()
    {
        using SampleProcess server = SampleProcess.Start("ChatServer", "--port", "0");
        string port = $"{server.WaitForAddress().Port}";
        using RunningProcess ada = Join(port, "ada", "tea");
        using RunningProcess bob = Join(port, "bob", "tea");
        using RunningProcess eve = Join(port, "eve", "coffee");
        ada.WaitForLine("* bob is in tea");
        Say(ada, "good \u0007morning");
        bob.WaitForLine("ada: good ?morning");
        Say(eve, "anybody?");
        eve.WaitForLine("eve: anybody?");
        Say(bob, "/who");
        bob.WaitForLine("* in tea: ada, bob");
        Say(bob, "/leave", "hello?");
        bob.WaitForLine("* nobody hears you");
        ada.WaitForLine("* bob has left tea");
        Say(bob, "/quit");
        bob.WaitForLine("* bye");
        bob.Input.Close(); // nc waits for this end too.
        Assert.Equal(0, bob.WaitForExit());
        Assert.Equal(0, server.Stop());
        ada.WaitForLine("* the server ends");
        Assert.DoesNotContain("anybody", ada.Output.Text, StringComparison.Ordinal);
        Assert.Equal("", string.Concat(server.Error.Text.Split('\n').Where(line => !line.StartsWith("Warning:", StringComparison.Ordinal))));
    }

    [Fact]
    public void Names_are_taken_once_and_free_again_afterwards()
    {
        using SampleProcess server = SampleProcess.Start("ChatServer", "--port", "0");
        IPEndPoint address = server.WaitForAddress();
        var first = new LineClient(address);
        first.SendLine("ada");
        first.ReadUntil("hello ada");
        using var second = new LineClient(address);
        second.SendLine("Ada");
        second.ReadUntil("Ada is somebody else");
        second.SendLine("not a name");
        second.ReadUntil("a name has letters");
        first.SendLine("/quit");
        first.ReadUntil("bye");
        Assert.Null(first.ReadLine());
        first.Dispose();
        second.SendLine("Ada");
        second.ReadUntil("hello Ada");
        second.SendLine(new string('a', 600));
        second.ReadUntil("the line is longer than 512 bytes");
        Assert.Equal(0, server.Stop());
    }

    [Fact]
    public void A_guest_who_does_not_read_holds_nobody_up_and_is_shown_out()
    {
        const int linesAtOnce = 16;
        using SampleProcess server = SampleProcess.Start("ChatServer", "--port", "0", "--outbox", "64", "--write-timeout", "600");
        IPEndPoint address = server.WaitForAddress();
        using var slow = new LineClient(address, receiveBuffer: 4096);
        slow.SendLine("slow\n/join tea");
        using var talker = new LineClient(address);
        talker.SendLine("talker\n/join tea");
        talker.ReadUntil("* talker is in tea");
        // Until the kernel's buffers are full, and the outbox.
        string words = new('w', 500);
        string batch = string.Concat(Enumerable.Repeat(words + '\n', linesAtOnce));
        bool hasLeft = false;
        while (!hasLeft)
        {
            talker.Send(batch);
            for (int heard = 0; heard < linesAtOnce;)
            {
                string line = talker.ReadLine() ?? throw new EndOfStreamException("the talker was shown out");
                hasLeft |= line == "* slow has left tea";
                heard += line.StartsWith("talker: ", StringComparison.Ordinal) ? 1 : 0;
            }
        }
        Assert.Equal(0, server.Stop());
    }

    private static RunningProcess Join(string port, string name, string room)
    {
        RunningProcess client = Tool.Start("nc", "127.0.0.1", port);
        Say(client, name, $"/join {room}");
        client.WaitForLine($"* {name} is in {room}");
        return client;
    }

    private static void Say(RunningProcess client, params string[] lines)
    {
        foreach (string line in lines)
            client.Input.Write(line + '\n');
        client.Input.Flush();
    }
}
