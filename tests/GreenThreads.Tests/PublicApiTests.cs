namespace GreenThreads.Tests;

// PublicApi.txt beside this file is the public surface, so that every change to it is seen in a review. After an intended change:
//
//     GREENTHREADS_WRITE_PUBLIC_API=1 dotnet test tests/GreenThreads.Tests --filter PublicApiTests
//
// writes the file anew.
public sealed class PublicApiTests
{
    private const string File = "PublicApi.txt";
    private const string WriteVariable = "GREENTHREADS_WRITE_PUBLIC_API";

    [Fact]
    public void The_public_surface_is_the_one_that_is_written_down()
    {
        string actual = PublicApiListing.Write(typeof(GreenThread).Assembly);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            System.IO.File.WriteAllText(Path.Combine(FindProject(), File), actual);
            return;
        }
        string[] expectedLines = QualifiedLines(System.IO.File.ReadAllText(Path.Combine(AppContext.BaseDirectory, File)));
        string[] actualLines = QualifiedLines(actual);
        string[] differences =
        [
            .. expectedLines.Except(actualLines).Select(line => $"- {line}"),
            .. actualLines.Except(expectedLines).Select(line => $"+ {line}"),
        ];
        Assert.True(differences.Length == 0 && expectedLines.Length == actualLines.Length,
            $"The public surface has changed. If that is intended, run this test with {WriteVariable}=1.\n{string.Join('\n', differences)}");
    }

    // Each member behind the name of its type, so that equal members of two types differ.
    private static string[] QualifiedLines(string listing)
    {
        string type = "";
        var lines = new List<string>();
        foreach (string line in listing.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            bool isMember = line.StartsWith(' ');
            if (!isMember)
                type = line;
            lines.Add(isMember ? $"{type} | {line.Trim()}" : line);
        }
        return [.. lines];
    }

    // Upwards from the output to the project.
    private static string FindProject()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(directory.FullName, "GreenThreads.Tests.csproj")))
                return directory.FullName;
        }
        throw new DirectoryNotFoundException("the project of the tests is not above their output");
    }
}
