using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

/// <summary>
/// Catches the signals whose numbers or names are the arguments, each by two objects, and says which it got; when all have come it stops to catch them and waits to be
/// ended by one.
/// </summary>
internal static class SignalScenario
{
    internal static int Run(string[] args)
    {
        PosixSignal[] signals = [.. args.Select(Parse)];
        GreenSignal[] objects = [.. signals.Concat(signals).Select(signal => new GreenSignal(signal))];
        GreenThread[] waiters = [.. objects.Select((signal, index) => GreenThread.Spawn(() =>
        {
            signal.Wait();
            if (index < signals.Length)
                Say($"got={args[index]}");
        }))];
        Waiting.Until(() => objects.All(signal => signal.WaiterCount == 1));
        Say("ready");
        foreach (GreenThread waiter in waiters)
            waiter.Join();
        foreach (GreenSignal signal in objects)
            signal.Dispose();
        Say("disposed");
        Thread.Sleep(Timeout.Infinite);
        return -1;
    }

    private static void Say(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }

    private static PosixSignal Parse(string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out int number) ? (PosixSignal)number : Enum.Parse<PosixSignal>(text);
}
