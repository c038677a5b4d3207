namespace GreenThreads.Samples.Tests.CrashingHandlers;

/// <summary>One client does its worst; netcat is another one, who does not notice.</summary>
public sealed class CrashingHandlersTests
{
    [ToolFact("nc")]
    public void Handlers_fail_in_every_way_and_the_others_keep_being_served()
    {
        using SampleProcess server = SampleProcess.Start("CrashingHandlers", "--port", "0", "--time-budget", "0.5", "--memory-budget", "8");
        var address = server.WaitForAddress();
        using RunningProcess good = Tool.Start("nc", "127.0.0.1", $"{address.Port}");
        using var bad = new LineClient(address);
        int questions = 0;

        Fails("throw something", "failed: thrown on request: something");
        Fails("deep 1000000", "failed: Insufficient stack");
        Fails("hog 9", "failed: the handler asks for");
        Fails("wait 1000000", "failed: it took longer than 0.5 s");
        Fails("spin", "failed: it took longer than 0.5 s");
        Fails("loop", "failed: it took longer than 0.5 s");
        Assert.Equal("ok 8388608 bytes", bad.Ask("hog 8"));
        Assert.Equal("ok 100", bad.Ask("deep 100"));
        Assert.StartsWith("unknown: ", bad.Ask("nothing"), StringComparison.Ordinal);
        Assert.EndsWith("; unfinished 1", bad.Ask("status"), StringComparison.Ordinal); // The loop goes on for ever.
        Assert.Equal(0, server.Stop());
        Assert.DoesNotContain("echo Running 1", server.Output.Text, StringComparison.Ordinal);

        // The good one asks before the bad one, while that one waits, and afterwards.
        void Fails(string command, string answer)
        {
            AskGood();
            bad.SendLine(command);
            AskGood();
            Assert.StartsWith(answer, bad.ReadLine(), StringComparison.Ordinal);
            AskGood();
            string service = command.Split(' ')[0];
            string status;
            while (!(status = bad.Ask("status")!).Contains($"{service} Running ", StringComparison.Ordinal) || status.Contains($"{service} Running 0", StringComparison.Ordinal))
            {
                AskGood();
            }
            Assert.Contains("echo Running 0", status, StringComparison.Ordinal);
        }

        void AskGood()
        {
            good.Input.Write($"echo {++questions}\n");
            good.Input.Flush();
            good.WaitForLine($"ok {questions}");
        }
    }
}
