using System.Runtime.ExceptionServices;

namespace GreenThreads;

// Coroutines made on an OS thread that exists for nothing else. For the process's main thread, where the C library finds the bounds of the stack by
// parsing /proc/self/maps, each time that the runtime makes a CLR Thread.
internal static unsafe class CoroutineFactory
{
    /// <summary>Makes coroutines, as many as the system allows but one at least. Blocks the calling OS thread for a fraction of a millisecond.</summary>
    /// <exception cref="GreenThreadLimitException">There is no further stack.</exception>
    internal static IReadOnlyList<Coroutine> CreateElsewhere(int count, int stackReserve)
    {
        var made = new List<Coroutine>(count);
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
            try
            {
                while (made.Count < count)
                    made.Add(Coroutine.Create(carrier, stackReserve));
            }
            catch (Exception exception) when (exception is GreenThreadLimitException or SystemCallException)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
            finally
            {
                Carrier.Release(carrier);
            }
        })
        { IsBackground = true, Name = "coroutine factory" };
        thread.UnsafeStart();
        thread.Join();
        if (made.Count == 0)
            failure?.Throw();
        return made;
    }
}
