namespace GreenThreads.Samples.Tests.CrashingHandlers;

/// <summary>One client does its worst; netcat is another one, who does not notice.</summary>
public sealed class CrashingHandlersTests
{
    [ToolFact("nc")]
    public void Handlers_fail_in_every_way_and_the_others_keep_being_served()
    {
        // Only who deserves it has little time: a busy machine must not make the others fail.
        using SampleProcess server = SampleProcess.Start("CrashingHandlers", "--port", "0", "--memory-budget", "8", "--time-budget", "600",
            "--time-budget-of", "wait=0.2", "--time-budget-of", "spin=0.2", "--time-budget-of", "loop=0.2", "--time-budget-of", "block=0.2");
        var address = server.WaitForAddress();
        using RunningProcess good = Tool.Start("nc", "127.0.0.1", $"{address.Port}");
        using var bad = new LineClient(address);
        int questions = 0;

        Fails("throw something", "failed: thrown on request: something");
        Fails("deep 1000000", "failed: Insufficient stack");
        Fails("hog 9", "failed: the handler asks for");
        Fails("wait 1000000", "failed: it took longer than 0.2 s");
        Fails("spin", "failed: it took longer than 0.2 s");
        Fails("loop", "failed: it took longer than 0.2 s");
        Fails("block 1000000", "failed: it took longer than 0.2 s");
        Assert.Equal("ok 8388608 bytes", bad.Ask("hog 8"));
        Assert.Equal("ok 100", bad.Ask("deep 100"));
        Assert.StartsWith("unknown: ", bad.Ask("nothing"), StringComparison.Ordinal);
        WaitForStatus("; unfinished 2"); // The loop and the block go on.
        Assert.Contains("echo Running 0", bad.Ask("status"), StringComparison.Ordinal);
        Assert.Equal(0, server.Stop());

        // The good one asks before the bad one, while that one waits, and afterwards.
        void Fails(string command, string answer)
        {
            AskGood();
            bad.SendLine(command);
            AskGood();
            Assert.StartsWith(answer, bad.ReadLine(), StringComparison.Ordinal);
            AskGood();
            WaitForStatus($"{command.Split(' ')[0]} Running 1");
        }

        void WaitForStatus(string expected)
        {
            long deadline = Environment.TickCount64 + (long)TimeLimit.Generous.TotalMilliseconds;
            string status;
            while (!(status = bad.Ask("status")!).Contains(expected, StringComparison.Ordinal))
            {
                Assert.True(Environment.TickCount64 < deadline, status);
                AskGood();
            }
        }

        void AskGood()
        {
            good.Input.Write($"echo {++questions}\n");
            good.Input.Flush();
            good.WaitForLine($"ok {questions}");
        }
    }
}
