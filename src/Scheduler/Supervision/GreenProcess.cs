using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>Starts green threads that others talk to by messages: <see cref="GreenProcess{T}"/>.</summary>
public static class GreenProcess
{
    /// <summary>Starts a process. Any thread; does not park.</summary>
    /// <param name="body">What it runs; it gets the mailbox that <see cref="GreenProcess{T}.Send"/> puts messages into. An exception that leaves it is kept as that of any green thread.</param>
    /// <param name="name">For people and tools.</param>
    /// <param name="capacity">How many messages the mailbox holds before senders have to wait; no limit by default.</param>
    /// <param name="group">Where it runs; null for the group of the calling green thread, on a plain OS thread <see cref="SchedulerGroup.Default"/>.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <typeparam name="T">The type of the messages.</typeparam>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    /// <exception cref="InvalidOperationException">The group has been shut down.</exception>
    /// <exception cref="GreenThreadCanceledException">The calling green thread's group is being shut down and cancels its green threads.</exception>
    public static GreenProcess<T> Spawn<T>(
        Action<Mailbox<T>> body, string? name = null, int capacity = int.MaxValue, SchedulerGroup? group = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new GreenProcess<T>(body, capacity, group ?? SchedulerGroup.Current, new SpawnOptions { Name = name, File = file, Line = line });
    }
}
