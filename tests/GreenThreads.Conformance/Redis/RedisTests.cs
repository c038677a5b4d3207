using System.Globalization;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>A client for blocking streams over <see cref="GreenTcpStream"/>, a connection for each green thread.</summary>
public sealed class RedisTests(RedisServer server, ITestOutputHelper output) : IClassFixture<RedisServer>
{
    private const int Threads = 1000;

    [ServerFact(RedisServer.Name)]
    public void A_thousand_green_threads_send_pipelines_and_get_their_own_answers()
    {
        const int Rounds = 5;
        Call("FLUSHALL");
        Crowd.Run(output, Threads, thread =>
        {
            using RespClient client = server.Connect();
            for (int round = 0; round < Rounds; round++)
            {
                string value = $"{thread}\r\n{round}";
                client.Send("SET", $"key:{thread}", value);
                client.Send("GET", $"key:{thread}");
                client.Send("INCR", "total");
                client.Send("RPUSH", "list", $"{thread}:{round}");
                client.Send("GET", $"missing:{thread}");
                client.Flush();
                Assert.Equal("OK", client.Receive());
                Assert.Equal(value, client.Receive());
                Assert.InRange((long)client.Receive()!, 1, Threads * Rounds);
                Assert.InRange((long)client.Receive()!, 1, Threads * Rounds);
                Assert.Null(client.Receive());
            }
        });
        Assert.Equal($"{Threads * Rounds}", Call("GET", "total"));
        var list = (object?[])Call("LRANGE", "list", "0", "-1")!;
        Assert.Equal(Threads * Rounds, list.Distinct().Count());
    }

    [ServerFact(RedisServer.Name)]
    public void Five_hundred_pairs_of_green_threads_hand_work_over_with_BLPOP()
    {
        const int Items = 4;
        Call("FLUSHALL");
        long sum = 0;
        // Even ones take; odd ones put, and wait for the receipt that the one before them sends back.
        Crowd.Run(output, Threads, thread =>
        {
            using RespClient client = server.Connect();
            for (int item = 0; item < Items; item++)
            {
                if (thread % 2 == 0)
                {
                    var answer = (object?[])client.Call("BLPOP", "work", "0")!;
                    string[] parts = ((string)answer[1]!).Split(':');
                    Interlocked.Add(ref sum, long.Parse(parts[1], CultureInfo.InvariantCulture));
                    client.Call("RPUSH", $"receipt:{parts[0]}", parts[1]);
                }
                else
                {
                    int number = thread * Items + item;
                    client.Call("RPUSH", "work", $"{thread}:{number}");
                    var answer = (object?[])client.Call("BLPOP", $"receipt:{thread}", "0")!;
                    Assert.Equal($"{number}", answer[1]);
                }
            }
        });
        IEnumerable<int> numbers = Enumerable.Range(0, Threads * Items).Where(static number => number / Items % 2 == 1);
        Assert.Equal(numbers.Sum(static number => (long)number), sum);
        Assert.Equal(0L, Call("LLEN", "work"));
    }

    [ServerFact(RedisServer.Name)]
    public void Every_subscriber_gets_every_message_in_order()
    {
        const int Subscribers = 300;
        const int Messages = 20;
        using var subscribed = new CountdownEvent(Subscribers);
        Crowd.Run(output, Subscribers + 1, thread =>
        {
            using RespClient client = server.Connect();
            if (thread == Subscribers)
            {
                subscribed.Wait();
                for (int i = 0; i < Messages; i++)
                    Assert.Equal((long)Subscribers, client.Call("PUBLISH", "news", $"{i}"));
                return;
            }
            Assert.Equal(new object?[] { "subscribe", "news", 1L }, client.Call("SUBSCRIBE", "news"));
            subscribed.Signal();
            for (int i = 0; i < Messages; i++)
                Assert.Equal(new object?[] { "message", "news", $"{i}" }, client.Receive());
        });
    }

    // On the test's own OS thread.
    private object? Call(params string[] command)
    {
        using RespClient client = server.Connect();
        return client.Call(command);
    }
}
