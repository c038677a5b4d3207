using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GreenThreads.Analyzers;

// The table of docs/analyzers.md: which members of which types block, and what to use instead.
internal sealed class BlockingCalls
{
    private const string Constructor = ".ctor";
    private const string InKernel = "a socket in blocking mode waits in the kernel";
    private const string Resolver = "the C library looks the name up synchronously";
    private const string OwnedByOsThread = "it waits in the kernel, and its owner is the OS thread, not the green thread";

    private readonly Dictionary<ISymbol, Dictionary<string, BlockingCall>> _byType = new(SymbolEqualityComparer.Default);
    private readonly INamedTypeSymbol? _mutex;

    public BlockingCalls(Compilation compilation)
    {
        Add(Rules.Sleep, "System.Threading.Thread", "the runtime sleeps in the kernel", "'GreenThread.Sleep'", "Sleep");
        Add(Rules.Socket, "System.Net.Sockets.Socket", InKernel, "'GreenTcpStream' or 'GreenTcpListener', or 'GreenThread.Adopt' the socket and silence this",
            "Accept", "Connect", "Disconnect", "Poll", "Receive", "ReceiveFrom", "ReceiveMessageFrom", "Select", "Send", "SendFile", "SendTo");
        Add(Rules.Socket, "System.Net.Sockets.NetworkStream", InKernel, "'GreenTcpStream'",
            "CopyTo", "Read", "ReadAtLeast", "ReadByte", "ReadExactly", "Write", "WriteByte");
        Add(Rules.Socket, "System.Net.Sockets.TcpListener", InKernel, "'GreenTcpListener.Accept'", "AcceptSocket", "AcceptTcpClient");
        Add(Rules.Socket, "System.Net.Sockets.TcpClient", InKernel, "'GreenTcpStream.Connect'", Constructor, "Connect");
        Add(Rules.Socket, "System.Net.Sockets.UdpClient", InKernel, "'EventLoop.WaitReadable' before it, or the asynchronous member", "Receive");
        Add(Rules.Mutex, "System.Threading.Mutex", OwnedByOsThread, "'lock' or 'SemaphoreSlim', or for a named one an OS thread of its own",
            Constructor, "OpenExisting", "TryOpenExisting", "ReleaseMutex", "WaitOne");
        Add(Rules.Dns, "System.Net.Dns", Resolver, "'GreenThread.Await' with the asynchronous member",
            "GetHostAddresses", "GetHostByAddress", "GetHostByName", "GetHostEntry", "Resolve");
        _mutex = compilation.GetTypeByMetadataName("System.Threading.Mutex");

        void Add(DiagnosticDescriptor rule, string type, string why, string instead, params string[] members)
        {
            if (compilation.GetTypeByMetadataName(type) is not { } symbol)
                return;
            _byType[symbol] = members.ToDictionary(
                member => member,
                member => new BlockingCall(rule, member == Constructor ? $"new {symbol.Name}" : $"{symbol.Name}.{member}", why, instead));
        }
    }

    /// <summary>The blocking member that an operation calls, creates or makes a delegate of; null if it is none.</summary>
    public BlockingCall? Find(IOperation operation) => operation switch
    {
        // Poll(0, ...) only looks.
        IInvocationOperation { TargetMethod.Name: "Poll" } call when call.Arguments.Any(argument => argument.Value.ConstantValue is { HasValue: true, Value: 0 }
            && argument.Parameter?.Type.SpecialType == SpecialType.System_Int32) => null,
        IInvocationOperation call => Find(call.TargetMethod, call.Instance),
        IObjectCreationOperation { Constructor: { } constructor } => Find(constructor, null),
        IMethodReferenceOperation reference => Find(reference.Method, reference.Instance),
        _ => null,
    };

    private BlockingCall? Find(IMethodSymbol method, IOperation? instance)
    {
        // WaitOne is WaitHandle's, and ReadExactly is Stream's: then what it is called on tells.
        INamedTypeSymbol? type = method.IsStatic || method.MethodKind == MethodKind.Constructor
            ? method.ContainingType
            : (instance is IConversionOperation { IsImplicit: true } conversion ? conversion.Operand : instance)?.Type as INamedTypeSymbol ?? method.ContainingType;
        for (; type is not null; type = type.BaseType)
        {
            if (_byType.TryGetValue(type, out Dictionary<string, BlockingCall>? members))
                return members.TryGetValue(method.Name, out BlockingCall? call) && IsBlocking(method) ? call : null;
            // A class derived from Mutex or Socket: its own members are code of the program.
            if (SymbolEqualityComparer.Default.Equals(type, method.ContainingType) && type.Locations.Any(location => location.IsInSource))
                return null;
        }
        return null;
    }

    private bool IsBlocking(IMethodSymbol method) =>
        // TcpClient connects in one of its constructors only: TcpClient(host, port). Mutex is wrong whichever one is used.
        method.MethodKind != MethodKind.Constructor || SymbolEqualityComparer.Default.Equals(method.ContainingType, _mutex) || method.Parameters.Length == 2;
}
