namespace GreenThreads.Tests;

public sealed class ClrLayoutTableTests
{
    [Theory]
    [InlineData("989b56dfb2782aa230f822ee4c520e2ccfea71b7", "10.0.11")]
    [InlineData("79945f51fb2612f13b7667a10a8fd29122664791", "10.0.12")]
    [InlineData("8a5d1b4e02259934810ebee057affcd86a1c89d2", "10.0.13")]
    [InlineData("e217f0fc049d68f827cc2e462c0c3b59ad69a198", "10.0.14")]
    public void A_build_that_was_probed_is_known(string buildId, string version)
    {
        Assert.True(ClrLayoutTable.TryFind(buildId, out ClrLayoutTable.Entry entry));
        Assert.Equal(version, entry.Version);
    }

    [Fact]
    public void A_build_that_nobody_probed_is_not_known() => Assert.False(ClrLayoutTable.TryFind(new string('0', 40), out _));
}
