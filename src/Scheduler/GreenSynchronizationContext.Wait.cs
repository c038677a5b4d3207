using System.Diagnostics;
using System.Reflection;

namespace GreenThreads;

// Every managed wait of a green thread arrives here (SynchronizationContext.SetWaitNotificationRequired): a contended lock, Monitor.Wait, WaitHandle.WaitOne,
// SemaphoreSlim, Task.Wait, Thread.Join and what builds on them. The runtime calls with the handles that it would wait for, from native code, so that all
// parks in here are affine (DESIGN.md §2 rule 9).
//
//   1. Look: wait for no time at all. Who finds the handle signalled goes on as on any thread.
//   2. Yield and look again, as long as there are others to run: the owner of a contended lock, or whoever is to set the event, usually is one of them.
//   3. Park, and let a waiter thread wait (HandleWaiters), which multiplexes.
//
// To look takes the signal of an auto-reset event, a semaphore or a mutex, so there is no way to learn of a signal without owning it. Hence the rules:
// what a waiter thread has taken must reach its green thread, even if that was cancelled or its time is over meanwhile (HandleWait); and a wait for all
// of several handles, which takes them all or none, cannot be put together from waits for each: it is looked at again and again (step 4).
//
// It must not park
//   - while its scheduler switches, or where a gate is held (IsBetweenGreenThreads, NoPark);
//   - in a static constructor: the runtime holds a native lock for the class, so whoever of the same scheduler needs the class would block the OS
//     thread that this green thread has to go on with.
// There it blocks the OS thread, and the monitor sees to the others. What it waits for must not depend on an affine green thread of the same scheduler: a
// signal that has reached one is taken away from it (HandleWaiters.TryRob), but a lock that one holds over a park cannot be.
//
// A cancelled green thread (SchedulerGroup.Shutdown) leaves its wait by an exception, but not at once: most contended waits are for what is free again
// within microseconds, inside of the framework, and code that is thrown out of it is in no good state. So a wait has some patience; it ends early only if
// nothing has come then. To enter a lock is no such wait, as in Java: nobody expects `lock` to throw (seen: in the lock of a shared array pool; in a
// handler of an AsyncLocal, where it ends the process), and whoever has the lock is cancelled too and leaves it.
//
// Rejected: a thread of the pool for each wait (a hundred thousand waits need as many); RegisterWaitForSingleObject, which does the same as the waiter threads
// but on threads that are shared with the whole process, and cannot tell whether a cancelled wait had taken its signal.
internal sealed partial class GreenSynchronizationContext
{
    // What the runtime answers for a wait that found nothing (WAIT_TIMEOUT), and adds to the index of an abandoned mutex (WAIT_ABANDONED_0).
    internal const int WaitTimeout = 0x102;
    internal const int WaitAbandoned = 0x80;

    // To yield and look costs half a microsecond, to hand over and come back about fifty, most of it on another processor.
    private const int MaximumYields = 16;

    /// <summary>How much longer a wait of a cancelled green thread may take. A guess: a shutdown gives half a second to all.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    // Between two looks of step 4, and of an OS thread that waits: the first, and the longest.
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(16);

    /// <summary>Called by the runtime, on the thread that waits.</summary>
    /// <returns>The index of the handle that was signalled, <see cref="WaitTimeout"/>, or <see cref="WaitAbandoned"/> and the index.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread's group is being shut down; nothing was taken from the handles.</exception>
    public override int Wait(IntPtr[] waitHandles, bool waitAll, int millisecondsTimeout)
    {
        int result = WaitHelper(waitHandles, waitAll, 0);
        GreenThread? self = GreenThread.Current;
        if (result != WaitTimeout)
        {
            if (self is not null)
                self.Scheduler!.Waits.AtOnce++;
            return result;
        }
        if (millisecondsTimeout == 0)
            return result;
        return self is not null && MayPark(self)
            ? WaitParking(self, waitHandles, waitAll, Deadline.AfterMilliseconds(millisecondsTimeout))
            : WaitBlocking(waitHandles, waitAll, Deadline.AfterMilliseconds(millisecondsTimeout));
    }

    /// <summary>Waits on the calling OS thread, whatever it runs.</summary>
    internal static int WaitOnOsThread(IntPtr[] handles, bool waitAll, int millisecondsTimeout) => WaitHelper(handles, waitAll, millisecondsTimeout);

    /// <summary>Whether the green thread that runs may park here although its code does not know of it.</summary>
    internal static bool MayPark(GreenThread self) =>
        !self.Scheduler!.IsBetweenGreenThreads && !NoPark.IsInside && !self.Coroutine!.IsInStaticConstructor;

    private static int WaitParking(GreenThread self, IntPtr[] handles, bool waitAll, Deadline deadline)
    {
        int result = YieldAndLook(self, handles, waitAll, deadline);
        if (result == WaitTimeout && !deadline.HasPassed)
        {
            result = ((waitAll && handles.Length > 1) || handles.Length > HandleWaiter.Capacity ? null : HandOver(self, handles, deadline))
                ?? LookNowAndThen(self, handles, waitAll, deadline);
        }
        if (result == WaitTimeout && self.IsCanceled && !IsForLock())
            self.ThrowIfCanceled();
        return result;
    }

    /// <summary>
    /// Whether the calling green thread is about to enter a lock. For the rare case that its wait is to be cut short: takes some hundred microseconds.
    /// </summary>
    internal static bool IsForLock()
    {
        foreach (StackFrame frame in new StackTrace(fNeedFileInfo: false).GetFrames())
        {
            MethodBase? method = frame.GetMethod();
            if (method?.DeclaringType is not { } type || type.Assembly == typeof(GreenSynchronizationContext).Assembly
                || type.IsSubclassOf(typeof(WaitHandle)) || type == typeof(WaitHandle) || type == typeof(SynchronizationContext))
                continue;
            return type == typeof(Lock) || (type == typeof(Monitor) && method.Name.Contains("Enter", StringComparison.Ordinal));
        }
        return false;
    }

    // The OS thread waits. Its scheduler's affine green threads wait with it, and one of them may have what it waits for: see HandleWait.
    internal static int WaitBlocking(IntPtr[] handles, bool waitAll, Deadline deadline)
    {
        TimeSpan pause = s_shortestPause;
        while (true)
        {
            Deadline slice = Deadline.Earlier(deadline, Deadline.After(pause));
            int result = WaitHelper(handles, waitAll, (int)Math.Ceiling(slice.Remaining.TotalMilliseconds));
            if (result != WaitTimeout || deadline.HasPassed)
                return result;
            if (handles.Length == 1 && HandleWaiters.TryRob(handles[0]) is { } abandoned)
                return abandoned;
            pause = Longer(pause);
        }
    }

    private static int YieldAndLook(GreenThread self, IntPtr[] handles, bool waitAll, Deadline deadline)
    {
        Coroutine coroutine = self.Coroutine!;
        for (int i = 0; i < MaximumYields && !deadline.HasPassed && self.Scheduler!.Yield(self, coroutine); i++)
        {
            int result = WaitHelper(handles, waitAll, 0);
            if (result == WaitTimeout)
                continue;
            self.Scheduler!.Waits.AfterYield++;
            return result;
        }
        return WaitTimeout;
    }

    private static int? HandOver(GreenThread self, IntPtr[] handles, Deadline deadline)
    {
        self.Scheduler!.Waits.HandedOver++;
        return self.Group.HandleWaiters.Wait(self, handles, deadline);
    }

    // Step 4: for what a waiter thread cannot wait for among others.
    private static int LookNowAndThen(GreenThread self, IntPtr[] handles, bool waitAll, Deadline deadline)
    {
        self.Scheduler!.Waits.LookedAt++;
        TimeSpan pause = s_shortestPause;
        Deadline patience = Deadline.Never;
        while (true)
        {
            if (self.IsCanceled && patience.IsNever)
                patience = Deadline.After(Patience);
            self.ParkUncanceled(Deadline.Earlier(deadline, Deadline.After(pause)));
            int result = WaitHelper(handles, waitAll, 0);
            if (result != WaitTimeout || deadline.HasPassed || (patience.HasPassed && !IsForLock()))
                return result;
            pause = Longer(pause);
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
}
