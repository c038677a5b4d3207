using System.Collections;
using System.Reflection;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Handlers of signals (PosixSignalRegistration; Console.CancelKeyPress and hosts use it too) may wake anybody at any time, and nothing shows it but the framework's
// own list of them. GreenSignal has some too, and knows who waits there, but does not tell them apart in that list: they count.
internal static class SignalHandlers
{
    // Dictionary from the number of a signal to its handlers; null if this framework has no such thing.
    private static readonly ICollection? s_registrations = typeof(PosixSignalRegistration)
        .GetField("s_registrations", BindingFlags.Static | BindingFlags.NonPublic)?.GetValue(null) as ICollection;

    /// <summary>Whether there are any. To be asked only once signals are caught, because asking makes the framework catch them. True if that cannot be found out.</summary>
    internal static bool AreThereAny => s_registrations is not { Count: 0 };
}
