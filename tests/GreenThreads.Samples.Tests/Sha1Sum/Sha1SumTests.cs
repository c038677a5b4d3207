namespace GreenThreads.Samples.Tests.Sha1Sum;

/// <summary>The same output, errors and exit code as those of the coreutils.</summary>
public sealed class Sha1SumTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("greenthreads-sha1sum-").FullName;

    public void Dispose()
    {
        foreach (string file in Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.Delete(_directory, recursive: true);
    }

    [ToolFact("sha1sum")]
    public void A_tree_of_files_has_the_same_sums()
    {
        // What lies beside the test: libraries and others, from some bytes to megabytes.
        string[] files = [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(200)];
        Assert.True(files.Length > 20);
        AssertSame([.. files, .. MakeFiles()]);
    }

    [ToolFact("sha1sum")]
    public void Lines_look_the_same()
    {
        string[] files = MakeFiles();
        AssertSame(["-b", .. files]);
        AssertSame(["-t", .. files]);
        AssertSame(["--tag", .. files]);
        AssertSame(["-z", .. files]);
    }

    [ToolFact("sha1sum")]
    public void What_cannot_be_read_is_told_in_the_same_words_and_the_rest_is_hashed()
    {
        string[] files = MakeFiles();
        AssertSame([Path.Combine(_directory, "missing"), files[0], _directory, files[1], "/proc/self/mem", "", Path.Combine(files[0], "below"), Path.Combine(_directory, "with blank")]);
    }

    [ToolFact("sha1sum")]
    public void The_standard_input_is_read_where_there_is_no_file_and_for_a_dash()
    {
        string[] files = MakeFiles();
        AssertSame([], input: "abc\n");
        AssertSame(["-"], input: "");
        AssertSame([files[0], "-", files[1]], input: new string('x', 2_000_000));
    }

    // Sizes around those of the pieces that it reads, and names that are escaped.
    private string[] MakeFiles()
    {
        const int piece = 512 * 1024;
        var random = new Random(1);
        var files = new List<string>();
        foreach (int size in (int[])[0, 1, 63, 64, 65, 32 * 1024 - 1, 32 * 1024, piece - 1, piece, piece + 1, 3 * piece, 5 * piece + 4711])
            Add($"file-{size}", size);
        Add("back\\slash", 10);
        Add("new\nline", 20);
        Add("carriage\rreturn", 30);
        Add("blank in it", 40);
        Add("grüße", 50);
        return [.. files];

        void Add(string name, int size)
        {
            byte[] bytes = new byte[size];
            random.NextBytes(bytes);
            files.Add(Path.Combine(_directory, name));
            File.WriteAllBytes(files[^1], bytes);
        }
    }

    private static void AssertSame(string[] arguments, string input = "")
    {
        (int exitCode, string output, string error) = Tool.TryRun("sha1sum", input, arguments);
        (int ourExitCode, string ourOutput, string ourError) = Tool.TryRun(SampleProcess.DotnetPath, input, [SampleProcess.PathOf("Sha1Sum"), .. arguments]);
        Assert.Equal(output, ourOutput);
        // The coreutils say how they were called.
        Assert.Equal(error.Replace($"{Tool.Find("sha1sum")}: ", "sha1sum: ", StringComparison.Ordinal), ourError);
        Assert.Equal(exitCode, ourExitCode);
    }
}
