using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;

namespace GreenThreads.Samples.Rabc;

internal static class Program
{
    private static readonly Option<string> s_socket = new("--socket")
    {
        HelpName = "NAME",
        Description = "The server's socket: a path, or @NAME for one without a file.",
        Required = true,
        CustomParser = result =>
        {
            string name = result.Tokens[0].Value;
            if (name.Length > 1 && Encoding.UTF8.GetByteCount(name) <= 107 && !name.Contains('\0', StringComparison.Ordinal))
                return name;
            result.AddError("--socket takes a name of 2 to 107 bytes");
            return null!;
        },
    };
    private static readonly Option<int> s_maximumLength =
        CommandLine.Number("--max-message", "BYTES", 64, 1 << 30, Protocol.DefaultMaximumLength, "The longest message");
    private static readonly Option<int> s_maximumConnections =
        CommandLine.Number("--max-connections", "N", 1, 1_000_000, 1000, "Clients at once; further ones wait");
    private static readonly Option<double> s_idle =
        CommandLine.Number("--idle-timeout", "SECONDS", 0.1, 86_400.0, 30.0, "A client that says nothing for so long is closed");
    private static readonly Option<double> s_messageTimeout =
        CommandLine.Number("--message-timeout", "SECONDS", 0.1, 86_400.0, 5.0, "So long a message may take from its first byte to its last");
    private static readonly Option<int> s_count = CommandLine.Number("--count", "N", 1, int.MaxValue, 3, "How many pings");
    private static readonly Option<double> s_interval =
        CommandLine.Number("--interval", "SECONDS", 0.01, 3600.0, RabcClientOptions.Usual.PingInterval.TotalSeconds, "From one ping to the next");
    private static readonly Option<int> s_patience =
        CommandLine.Number("--patience", "N", 1, int.MaxValue, RabcClientOptions.Usual.Patience, "Pings without an answer before the server is given up");
    private static readonly Argument<string[]> s_texts = new("text") { Description = "What to send; without any, the lines of the standard input.", Arity = ArgumentArity.ZeroOrMore };

    private static readonly Command s_serve =
        new("serve", "Answers clients until SIGTERM or SIGINT.") { s_socket, s_maximumLength, s_maximumConnections, s_idle, s_messageTimeout };
    private static readonly Command s_ping = new("ping", "Asks the server whether it is there.") { s_socket, s_maximumLength, s_count, s_interval, s_patience };
    private static readonly Command s_echo = new("echo", "Prints what the server sends back.") { s_socket, s_maximumLength, s_interval, s_patience, s_texts };

    private static int Main(string[] args)
    {
        var root = new RootCommand("Ping and echo over a Unix socket.") { s_serve, s_ping, s_echo };
        root.Validators.Add(static result =>
        {
            if (!result.Children.OfType<CommandResult>().Any())
                result.AddError("a command is needed: serve, ping or echo");
        });
        return CommandLine.Run(root, args, static result =>
        {
            using var loggers = new ConsoleLoggerFactory();
            using var group = new SchedulerGroup(new SchedulerGroupOptions { LoggerFactory = loggers });
            ILogger logger = loggers.CreateLogger("Rabc");
            Action program = result.CommandResult.Command == s_serve ? () => Serve(result, logger)
                : result.CommandResult.Command == s_ping ? () => Ping(result, logger)
                : () => Echo(result, logger);
            group.Spawn(program, "main").Join();
            return 0;
        });
    }

    private static void Serve(ParseResult result, ILogger logger)
    {
        using var terminate = new GreenSignal(PosixSignal.SIGTERM);
        using var interrupt = new GreenSignal(PosixSignal.SIGINT);
        var options = new RabcServerOptions(result.GetValue(s_maximumLength), result.GetValue(s_maximumConnections),
            TimeSpan.FromSeconds(result.GetValue(s_idle)), TimeSpan.FromSeconds(result.GetValue(s_messageTimeout)));
        using var server = new RabcServer(result.GetValue(s_socket)!, options, logger);
        GreenThread running = GreenThread.Spawn(server.Run, "server");
        Console.WriteLine($"listening on {server.Name}");
        Select.Wait(Select.Signaled(terminate), Select.Signaled(interrupt), Select.Ended(running));
        server.Dispose();
        running.Join();
    }

    private static void Ping(ParseResult result, ILogger logger)
    {
        using RabcClient client = Connect(result, logger);
        int left = result.GetValue(s_count);
        client.Ponged += (number, elapsed) =>
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pong {number} after {elapsed.TotalMilliseconds:0.000} ms"));
            left--;
        };
        client.Ping();
        while (left > 0)
        {
            client.Poll(Timeout.InfiniteTimeSpan);
            client.Process();
        }
    }

    private static void Echo(ParseResult result, ILogger logger)
    {
        using RabcClient client = Connect(result, logger);
        bool isAnswered = false;
        client.Echoed += content =>
        {
            Console.WriteLine(Encoding.UTF8.GetString(content.Span));
            isAnswered = true;
        };
        string[] texts = result.GetValue(s_texts) ?? [];
        foreach (string text in texts.Length > 0 ? texts : Lines())
        {
            byte[] content = Encoding.UTF8.GetBytes(text);
            if (content.Length >= result.GetValue(s_maximumLength))
                throw new IOException($"a text of {content.Length} bytes is too long for --max-message {result.GetValue(s_maximumLength)}");
            client.Echo(content);
            for (isAnswered = false; !isAnswered;)
            {
                client.Poll(Timeout.InfiniteTimeSpan);
                client.Process();
            }
        }

        static IEnumerable<string> Lines()
        {
            while (Console.In.ReadLine() is { } line)
                yield return line;
        }
    }

    private static RabcClient Connect(ParseResult result, ILogger logger)
    {
        var options = new RabcClientOptions(result.GetValue(s_maximumLength), TimeSpan.FromSeconds(result.GetValue(s_interval)), result.GetValue(s_patience));
        return RabcClient.Connect(result.GetValue(s_socket)!, options, logger);
    }
}
