using System.Globalization;

namespace GreenThreads.Samples.Tests.Sleepers;

public sealed class SleepersTests
{
    [Fact]
    public void All_wake_and_all_end_and_each_second_has_a_line_of_figures()
    {
        (int exitCode, string output, string error) = SampleProcess.Run("Sleepers", "--threads", "500", "--interval", "50", "--seconds", "2");
        Assert.True(exitCode == 0, $"{output}\n{error}");
        string[] lines = output.Split('\n');
        Assert.Equal(6, lines.Length);
        Assert.StartsWith("500 green threads, each wakes every 50 ms", lines[0], StringComparison.Ordinal);
        foreach (string line in lines[3..5])
        {
            string[] figures = line.Replace("%", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(7, figures.Length);
            Assert.All(figures, static figure => Assert.True(double.TryParse(figure, NumberStyles.Number, CultureInfo.InvariantCulture, out _), figure));
        }
        Assert.StartsWith("all 500 have ended; they woke ", lines[5], StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_usage_is_one_line()
    {
        (int exitCode, string output, string error) = SampleProcess.Run("Sleepers", "--threads", "0");
        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.Equal("Sleepers: --threads takes one number from 1 to 1000000; --help lists the options", error);
    }
}
