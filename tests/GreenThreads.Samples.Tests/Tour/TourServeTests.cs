namespace GreenThreads.Samples.Tests.Tour;

/// <summary>The tour's echo server by itself.</summary>
public sealed class TourServeTests
{
    [ToolFact("nc")]
    public void It_echoes_to_netcat_and_ends_well_when_it_is_told_to()
    {
        using SampleProcess server = SampleProcess.Start("Tour", "--serve", "0");
        string line = server.WaitForLine("echo server on ");
        string port = line.Split(',')[0].Split(':')[1];
        Assert.Equal("hello\n", Tool.RunWith("nc", "hello\n", "-N", "127.0.0.1", port));
        Assert.Equal(0, server.Stop());
    }
}
