namespace GreenThreads.Tests;

/// <summary>Sockets and pipes when descriptors are few, and whether they give them back.</summary>
public sealed class DescriptorTests
{
    [Fact]
    public void Without_a_descriptor_everything_says_so_and_goes_on_when_there_are_some()
    {
        ChildResult result = ChildProcess.Run("descriptors");
        Assert.True(result.ExitCode == 0, result.ToString());
        foreach (string way in (string[])["udp", "tcp", "pair", "listen", "connect", "pipe", "fifo", "receive"])
        {
            Assert.Equal($"{Errno.EMFILE} with advice", result[way]);
            // The descriptor that could not be received is lost, and the next one comes.
            Assert.Equal("fine", result[$"{way}-again"]);
        }
        Assert.Equal("0", result["more"]);
    }

    [Fact]
    public void A_thousand_of_each_leave_nothing_open()
    {
        ChildResult result = ChildProcess.Run("descriptor-leaks", "1000");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.InRange(result.Number("descriptors"), -10, 10);
        Assert.Equal("0", result["connections"]);
    }
}
