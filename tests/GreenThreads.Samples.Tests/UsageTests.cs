using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace GreenThreads.Samples.Tests;

/// <summary>What all the servers have in common at their command line.</summary>
public sealed class UsageTests
{
    public static TheoryData<string, string[]> Servers => new()
    {
        { "ChatServer", [] },
        { "CrashingHandlers", [] },
        { "EchoServer", [] },
        { "HttpServer", [] },
        { "Proxy", ["--target", "127.0.0.1:9"] },
    };

    [Theory]
    [MemberData(nameof(Servers))]
    public void Bad_usage_is_one_line_and_exit_code_2(string server, string[] arguments)
    {
        (int exitCode, string output, string error) = SampleProcess.Run(server, [.. arguments, "--port", "70000"]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith($"{server}: --port takes one number from 0 to 65535", Assert.Single(error.Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_is_one_line_and_exit_code_1()
    {
        using var occupant = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        occupant.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        occupant.Listen();
        (int exitCode, string output, string error) = SampleProcess.Run("EchoServer", ["--port", $"{((IPEndPoint)occupant.LocalEndPoint!).Port}"]);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("bind", Assert.Single(error.Split('\n'), line => !line.StartsWith("Warning:", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void SIGINT_ends_it_well_too()
    {
        using SampleProcess process = SampleProcess.Start("EchoServer", "--port", "0");
        process.WaitForAddress();
        process.Send(PosixSignal.SIGINT);
        Assert.Equal(0, process.WaitForExit());
    }

    [Fact]
    public void Help_lists_the_options()
    {
        (int exitCode, string output, string error) = SampleProcess.Run("EchoServer", "--help");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("--max-connections", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_proxy_must_know_its_target()
    {
        (int exitCode, _, string error) = SampleProcess.Run("Proxy");
        Assert.Equal(2, exitCode);
        Assert.Contains("--target", Assert.Single(error.Split('\n')), StringComparison.Ordinal);
    }
}
