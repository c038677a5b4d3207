namespace GreenThreads.Samples.Tests.Rabc;

/// <summary>Server and client of Rabc, against each other and against a peer in Python.</summary>
public sealed class RabcTests
{
    private static readonly string s_peer = Path.Combine(AppContext.BaseDirectory, "peer.py");

    [Fact]
    public void Its_client_and_its_server_understand_each_other()
    {
        string name = UniqueName();
        using SampleProcess server = Serve(name);
        (int exitCode, string output, _) = SampleProcess.Run("Rabc", "echo", "--socket", name, "--patience", "1000", "one", "twö");
        Assert.Equal((0, "one\ntwö"), (exitCode, output));
        (exitCode, output, _) = SampleProcess.Run("Rabc", "ping", "--socket", name, "--count", "3", "--interval", "0.02", "--patience", "1000000");
        Assert.Equal((0, 3), (exitCode, output.Split('\n').Count(line => line.StartsWith("pong ", StringComparison.Ordinal))));
        Assert.Equal(0, server.Stop());
    }

    [Fact]
    public void Lines_of_the_standard_input_come_back()
    {
        string name = UniqueName();
        using SampleProcess server = Serve(name);
        using SampleProcess client = SampleProcess.Start("Rabc", "echo", "--socket", name, "--interval", "1000");
        for (int i = 0; i < 3; i++)
        {
            client.Input.WriteLine($"line {i}");
            client.Input.Flush();
            client.WaitForLine($"line {i}");
        }
        client.Input.Close();
        Assert.Equal(0, client.WaitForExit());
    }

    [ToolFact("python3")]
    public void A_foreign_client_is_served_and_told_what_is_wrong()
    {
        string name = UniqueName();
        using (SampleProcess server = Serve(name, "--message-timeout", "60"))
        {
            Assert.Equal("well\n", Tool.Run("python3", s_peer, "client", name));
            Assert.Equal("well\n", Tool.Run("python3", s_peer, "nonsense", name));
            Assert.Equal(0, server.Stop());
        }
        using SampleProcess strict = Serve(name, "--max-message", "1000", "--message-timeout", "0.2");
        Assert.Equal("well\n", Tool.Run("python3", s_peer, "too-long", name));
        Assert.Equal(0, strict.Stop());
    }

    [ToolFact("python3")]
    public void A_client_that_drips_is_closed_and_the_others_are_served()
    {
        string name = UniqueName();
        using SampleProcess server = Serve(name, "--message-timeout", "0.2");
        using var loris = new RunningProcess("python3", [s_peer, "loris", name]);
        Assert.Equal("served", SampleProcess.Run("Rabc", "echo", "--socket", name, "--patience", "1000", "served").Output);
        loris.WaitForLine("well");
        server.WaitForErrorLine("did not come whole");
        Assert.Equal(0, server.Stop());
    }

    [ToolFact("python3")]
    public void A_foreign_server_is_understood()
    {
        using var directory = new TemporaryFolder();
        using var server = new RunningProcess("python3", [s_peer, "serve", directory.Socket]);
        server.WaitForLine("ready");
        Assert.Equal("to Python", SampleProcess.Run("Rabc", "echo", "--socket", directory.Socket, "--patience", "1000", "to Python").Output);
        server.WaitForLine("well");
    }

    [ToolFact("python3")]
    public void A_server_that_is_silent_is_given_up() => CheckGivenUp("silent", "has not answered", "0.1");

    [ToolFact("python3")]
    public void A_server_that_announces_too_much_is_given_up() => CheckGivenUp("shout", "4294967295", "1000");

    [Fact]
    public void A_server_starts_again_where_one_was_killed_and_deletes_its_file_in_the_end()
    {
        using var directory = new TemporaryFolder();
        using (SampleProcess killed = Serve(directory.Socket))
        {
            killed.Send(9);
            killed.WaitForExit();
        }
        Assert.True(File.Exists(directory.Socket));
        using (SampleProcess server = Serve(directory.Socket))
        {
            (int exitCode, _, string error) = SampleProcess.Run("Rabc", "serve", "--socket", directory.Socket);
            Assert.Equal(1, exitCode);
            Assert.Contains(directory.Socket, LastLine(error), StringComparison.Ordinal);
            Assert.Equal(0, server.Stop());
        }
        Assert.False(File.Exists(directory.Socket));
    }

    [Theory]
    [InlineData("")]
    [InlineData("shout")]
    [InlineData("ping")]
    [InlineData("ping --socket")]
    [InlineData("ping --socket @x --count 0")]
    [InlineData("serve --socket @x --max-message 1")]
    [InlineData("serve --socket @x more")]
    public void Bad_usage_is_one_line_and_exit_code_2(string arguments)
    {
        (int exitCode, string output, string error) = SampleProcess.Run("Rabc", arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith("Rabc: ", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n'));
    }

    [Fact]
    public void Nobody_there_is_one_line_and_exit_code_1()
    {
        (int exitCode, string output, string error) = SampleProcess.Run("Rabc", "ping", "--socket", UniqueName());
        Assert.Equal((1, ""), (exitCode, output));
        Assert.StartsWith("Rabc: cannot connect to @", LastLine(error), StringComparison.Ordinal);
    }

    private static void CheckGivenUp(string task, string complaint, string interval)
    {
        using var directory = new TemporaryFolder();
        using var server = new RunningProcess("python3", [s_peer, task, directory.Socket]);
        server.WaitForLine("ready");
        (int exitCode, _, string error) = SampleProcess.Run("Rabc", "ping", "--socket", directory.Socket, "--interval", interval);
        Assert.Equal(1, exitCode);
        Assert.Contains(complaint, LastLine(error), StringComparison.Ordinal);
        server.WaitForLine("well");
    }

    // On a busy machine the library warns of schedulers that do not come to run.
    private static string LastLine(string error) => error.Split('\n')[^1];

    private static string UniqueName() => $"@rabc-{Guid.NewGuid():N}";

    private static SampleProcess Serve(string name, params string[] options)
    {
        SampleProcess server = SampleProcess.Start("Rabc", ["serve", "--socket", name, .. options]);
        server.WaitForLine($"listening on {name}");
        return server;
    }

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rabc-");

        internal string Socket => Path.Combine(_folder.FullName, "socket");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
