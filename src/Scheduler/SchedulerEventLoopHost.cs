using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>Tells the event loop who waits and where.</summary>
internal sealed class SchedulerEventLoopHost : EventLoopHost
{
    internal override Waiter? CurrentGreenThread => GreenThread.Current;

    internal override EventLoop LoopOfCaller => (Scheduler.Current ?? SchedulerGroup.Default.RegularSchedulers[0]).LoopForRegistrations;

    internal override WorkPool? BeginBlockingCall()
    {
        GreenThread? self = GreenThread.Current;
        self?.ThrowIfCanceled();
        return self is { BoundWaiter: null } ? self.Group.BlockingPool : null;
    }

    internal override SocketRing? RingOfCaller => Coroutine.Current is null ? null : Scheduler.Current?.EventLoop.Ring;

    internal override void SpendBudget()
    {
        Coroutine? coroutine = Coroutine.Current;
        if (coroutine is not null)
            Unsafe.As<GreenThread>(coroutine.Tenant)!.Scheduler!.SpendBudget();
        else
            GreenThread.ThrowIfBoundIsCanceled();
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The one way to give a lower layer its host before any of its code runs; it only stores a reference.")]
    internal static void Install() => Install(new SchedulerEventLoopHost());
}
