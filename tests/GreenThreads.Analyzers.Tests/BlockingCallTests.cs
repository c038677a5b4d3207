using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace GreenThreads.Analyzers.Tests;

public class BlockingCallTests
{
    // Parameters of the method around it give each statement what it needs.
    private const string Parameters =
        "Socket socket, TcpListener listener, TcpClient client, UdpClient udp, NetworkStream stream, Mutex mutex, byte[] buffer, IPEndPoint address, TimeSpan time, SemaphoreSlim semaphore";

    [Theory]
    [InlineData("GT0001", "Thread.Sleep(0)")]
    [InlineData("GT0001", "Thread.Sleep(time)")]
    [InlineData("GT0001", "System.Threading.Thread.Sleep(Timeout.Infinite)")]
    [InlineData("GT0002", "socket.Receive(buffer)")]
    [InlineData("GT0002", "socket.Receive(buffer, SocketFlags.Peek)")]
    [InlineData("GT0002", "socket.Send(buffer)")]
    [InlineData("GT0002", "socket.Accept()")]
    [InlineData("GT0002", "socket.Connect(address)")]
    [InlineData("GT0002", "socket.Connect(\"host\", 80)")]
    [InlineData("GT0002", "socket.SendTo(buffer, address)")]
    [InlineData("GT0002", "socket.Poll(time, SelectMode.SelectRead)")]
    [InlineData("GT0002", "Socket.Select(null, new List<Socket> { socket }, null, 5)")]
    [InlineData("GT0002", "listener.AcceptTcpClient()")]
    [InlineData("GT0002", "listener.AcceptSocket()")]
    [InlineData("GT0002", "client.Connect(address)")]
    [InlineData("GT0002", "client.GetStream().Read(buffer)")]
    [InlineData("GT0002", "new TcpClient(\"host\", 80)")]
    [InlineData("GT0002", "stream.Read(buffer, 0, 1)")]
    [InlineData("GT0002", "stream.ReadExactly(buffer)")]
    [InlineData("GT0002", "stream.Write(buffer)")]
    [InlineData("GT0002", "udp.Receive(ref address)")]
    [InlineData("GT0003", "new Mutex()")]
    [InlineData("GT0003", "new Mutex(true, \"name\", out _)")]
    [InlineData("GT0003", "Mutex.OpenExisting(\"name\")")]
    [InlineData("GT0003", "mutex.WaitOne()")]
    [InlineData("GT0003", "mutex.WaitOne(5)")]
    [InlineData("GT0003", "mutex.ReleaseMutex()")]
    [InlineData("GT0004", "Dns.GetHostAddresses(\"host\")")]
    [InlineData("GT0004", "Dns.GetHostEntry(\"host\")")]
    public void A_blocking_call_is_reported_with_its_rule(string rule, string call) =>
        Assert.Equal([$"{rule} {call}"], Snippet.Report($"void M({Parameters}) => GreenThread.Spawn(() => {{ {call}; }});"));

    [Theory]
    [InlineData("GreenThread.Sleep(time)")]
    [InlineData("Thread.Yield()")]
    [InlineData("socket.ReceiveAsync(buffer)")]
    [InlineData("socket.Poll(0, SelectMode.SelectRead)")]
    [InlineData("socket.Close()")]
    [InlineData("new TcpClient()")]
    [InlineData("new TcpClient(address)")]
    [InlineData("listener.AcceptTcpClientAsync()")]
    [InlineData("listener.Start()")]
    [InlineData("stream.ReadAsync(buffer)")]
    [InlineData("stream.Flush()")]
    [InlineData("mutex.Dispose()")]
    [InlineData("semaphore.Wait()")]
    [InlineData("Dns.GetHostAddressesAsync(\"host\")")]
    [InlineData("Dns.GetHostName()")]
    [InlineData("Task.Delay(5).Wait()")]
    public void A_call_that_parks_or_returns_at_once_is_not_reported(string call) =>
        Assert.Empty(Snippet.Report($"void M({Parameters}) => GreenThread.Spawn(() => {{ {call}; }});"));

    [Fact]
    public void A_delegate_of_a_blocking_call_is_reported() => Assert.Equal(
        ["GT0001 Thread.Sleep", "GT0002 listener.AcceptSocket"],
        Snippet.Report($"void M({Parameters}) {{ GreenThread.Spawn(() => new List<int>().ForEach(Thread.Sleep)); GreenThread.Spawn(listener.AcceptSocket); }}"));

    [Fact]
    public void A_call_of_a_derived_class_and_its_base_constructor_are_reported() => Assert.Equal(
        ["GT0002 (\"host\", 80)", "GT0002 Connect(\"host\", 80)"],
        [.. Snippet.Report("""
            void M() => GreenThread.Spawn(() => { new Mine().Go(); });
            class Mine : TcpClient { public Mine() : base("host", 80) { } public void Go() => Connect("host", 80); public void Connect() { } }
            """).Select(line => line.Replace(": base", "", StringComparison.Ordinal))]);

    [Fact]
    public void The_message_names_the_call_the_reason_the_green_way_and_the_way_from_the_entry()
    {
        Diagnostic diagnostic = Assert.Single(Snippet.Diagnose(Snippet.InClass("""
            void Main2()
            {
                GreenThread.Spawn(Serve);
            }
            void Serve() => Handle();
            void Handle() => Thread.Sleep(100);
            """)));
        Assert.Equal(
            "'Thread.Sleep' blocks the OS thread of its green thread: the runtime sleeps in the kernel; use 'GreenThread.Sleep'; "
                + "reached from 'GreenThread.Spawn' at File0.cs:13 through 'Program.Serve', 'Program.Handle'",
            diagnostic.GetMessage(null));
        Assert.Equal(DiagnosticSeverity.Warning, diagnostic.Severity);
        Assert.EndsWith("docs/blocking.md", diagnostic.Descriptor.HelpLinkUri, StringComparison.Ordinal);
    }

    [Fact]
    public void The_message_names_a_lambda_by_its_place_and_cuts_a_long_way_short()
    {
        ImmutableArray<Diagnostic> diagnostics = Snippet.Diagnose(Snippet.InClass("""
            Action _direct = () => Thread.Sleep(1);
            void Main2() { GreenThread.Spawn(_direct); SchedulerGroup.Run(A); GreenThread.Spawn(() => Thread.Sleep(2)); }
            void A() => B(); void B() => C(); void C() => D(); void D() => E(); void E() => Thread.Sleep(3);
            """));
        Assert.Collection(
            diagnostics.Select(diagnostic => diagnostic.GetMessage(null).Split(';')[^1]),
            way => Assert.Equal(" reached from 'GreenThread.Spawn' at File0.cs:12 through 'lambda at File0.cs:11'", way),
            way => Assert.Equal(" reached from 'GreenThread.Spawn' at File0.cs:12", way),
            way => Assert.Equal(" reached from 'SchedulerGroup.Run' at File0.cs:12 through 'Program.A', ..., 'Program.D', 'Program.E'", way));
    }

    [Fact]
    public void A_pragma_silences_a_call() =>
        Assert.Empty(Snippet.Report("void M() => GreenThread.Spawn(() => {\n#pragma warning disable GT0001\nThread.Sleep(1);\n#pragma warning restore GT0001\n});"));
}
