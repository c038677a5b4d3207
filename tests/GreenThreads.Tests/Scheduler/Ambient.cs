using System.Diagnostics;
using System.Globalization;
using System.Security.Principal;

namespace GreenThreads.Tests;

/// <summary>All that flows with an execution context, read at once: null where nobody has set it.</summary>
internal sealed record Ambient(string? Local, string? Activity, string? Culture, string? UICulture, string? Principal)
{
    private static readonly AsyncLocal<string?> s_local = new();

    internal static Ambient Nothing { get; } = new(null, null, null, null, null);

    internal static Ambient Of(string name) => new(name, name, name, name, name);

    internal static Ambient Read() => new(
        s_local.Value,
        System.Diagnostics.Activity.Current?.OperationName,
        NameOf(CultureInfo.CurrentCulture),
        NameOf(CultureInfo.CurrentUICulture),
        Thread.CurrentPrincipal?.Identity?.Name);

    /// <summary>Sets all of it, for the rest of the calling thread's context.</summary>
    internal static void Set(string name)
    {
        s_local.Value = name;
        // Activity.Current takes a started one only.
        _ = new Activity(name).Start();
        CultureInfo.CurrentCulture = CultureNamed(name);
        CultureInfo.CurrentUICulture = CultureNamed(name);
        Thread.CurrentPrincipal = new GenericPrincipal(new GenericIdentity(name), null);
    }

    /// <summary>Runs a body on an OS thread that has set all of it, and rethrows what it throws.</summary>
    internal static void RunOnOsThread(string name, Action body) => OsThreads.Start(() =>
    {
        Set(name);
        body();
    }).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

    // Tests run with the invariant culture only, so its clones tell who made them by a symbol.
    private static CultureInfo CultureNamed(string name)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NaNSymbol = name;
        return culture;
    }

    private static string? NameOf(CultureInfo culture) => culture.NumberFormat.NaNSymbol is var name && name != CultureInfo.InvariantCulture.NumberFormat.NaNSymbol ? name : null;
}
