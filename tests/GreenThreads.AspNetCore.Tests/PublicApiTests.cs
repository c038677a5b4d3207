using GreenThreads.Tests;

namespace GreenThreads.AspNetCore.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void The_public_surface_is_the_one_that_is_written_down() => Assert.Equal(
        """
        sealed class GreenThreadsOptions
            .ctor()
            SchedulerGroup Group { get; init; }
        static class GreenThreadsApplicationBuilderExtensions
            static IApplicationBuilder UseGreenThreads(IApplicationBuilder app, GreenThreadsOptions options = default)
        """,
        PublicApiListing.Write(typeof(GreenThreadsOptions).Assembly).TrimEnd());
}
