using System.Diagnostics;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>Children that green threads start and wait for.</summary>
public sealed class ProcessTests(ITestOutputHelper output)
{
    private const int Threads = 100;

    [Fact]
    public void A_hundred_green_threads_wait_for_the_exit_of_a_process()
    {
        Crowd.Run(output, Threads, thread =>
        {
            using Process process = Process.Start("/bin/sh", ["-c", $"sleep 0.1; exit {thread % 50}"]);
            process.WaitForExit();
            Assert.Equal(thread % 50, process.ExitCode);
        });
    }

    [Fact]
    public void A_hundred_green_threads_talk_to_a_process()
    {
        Crowd.Run(output, Threads, thread =>
        {
            var start = new ProcessStartInfo("/bin/cat") { RedirectStandardInput = true, RedirectStandardOutput = true };
            using Process process = Process.Start(start)!;
            for (int round = 0; round < 3; round++)
            {
                process.StandardInput.WriteLine($"{thread} {round}");
                process.StandardInput.Flush();
                Assert.Equal($"{thread} {round}", process.StandardOutput.ReadLine());
            }
            process.StandardInput.Close();
            Assert.Equal("", process.StandardOutput.ReadToEnd());
            Assert.True(process.WaitForExit(TimeLimit.Generous));
            Assert.Equal(0, process.ExitCode);
        });
    }
}
