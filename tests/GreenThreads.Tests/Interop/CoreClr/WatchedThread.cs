using System.Diagnostics;
using System.Reflection;

namespace GreenThreads.Tests;

/// <summary>A coroutine that is being looked at, and how it writes its own stack.</summary>
internal sealed unsafe class WatchedThread
{
    private WatchedThread(Coroutine coroutine)
    {
        Coroutine = coroutine;
        OSId = Interop.gettid();
    }

    internal static WatchedThread Current => new(Coroutine.Current!);

    internal Coroutine Coroutine { get; }

    internal int OSId { get; }

    internal IReadOnlyList<string>? OfNative() => ManagedFrames.OfNative(Coroutine.RuntimeThread, Coroutine.StackLimit, Coroutine.StackBase);

    internal IReadOnlyList<string>? OfParked() =>
        ManagedFrames.OfParked(Coroutine.RuntimeThread, Coroutine.StackPointer, Coroutine.StackLimit, Coroutine.StackBase);

    internal IReadOnlyList<string>? OfComputing() =>
        ManagedFrames.OfComputing(Coroutine.RuntimeThread, OSId, Coroutine.StackLimit, Coroutine.StackBase);

    /// <summary>Asks until there is an answer that satisfies.</summary>
    internal static IReadOnlyList<string> Await(Func<IReadOnlyList<string>?> ask, Predicate<IReadOnlyList<string>>? satisfies = null)
    {
        IReadOnlyList<string>? last = null;
        bool found = SpinWait.SpinUntil(() => ask() is { } names && (satisfies?.Invoke(last = names) ?? true), TimeSpan.FromSeconds(20));
        Assert.True(found, $"the last answer was {string.Join(", ", last ?? ["none"])}");
        return last ?? ask() ?? [];
    }

    /// <summary>The names of the caller and those below it, as the runtime says.</summary>
    internal static string[] Trace()
    {
        var names = new List<string>();
        MethodBase? last = null;
        foreach (StackFrame frame in new StackTrace(1, fNeedFileInfo: false).GetFrames())
        {
            // It shows a P/Invoke that was not compiled into its caller twice: its stub, and the call.
            MethodBase method = frame.GetMethod()!;
            if (method != last || !method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
                names.Add(NameOf(method));
            last = method;
        }
        return [.. names];
    }

    internal static string NameOf(MethodBase method) => $"{method.DeclaringType?.FullName?.Replace('+', '.') ?? "DynamicClass"}.{method.Name}";

    /// <summary>Without what stands in brackets.</summary>
    internal static string[] Named(IEnumerable<string> names) => [.. names.Where(static name => !name.StartsWith('['))];
}
