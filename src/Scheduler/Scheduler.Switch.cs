using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// Leaving one stack for the next. Whoever leaves must not be found by anybody before its registers are saved, so what is to become of it is
// noted (_left, _leftFor) and done on the other side of the switch (FinishSwitch): by the next green thread, by a coroutine that starts or
// goes on with a new tenant, or by the carrier.
//
// FinishSwitch may run at the start of any stack, so it neither parks nor throws.
//
// The methods that are on a stack while it does not run are optimised from the first call on (AggressiveOptimization): code of the first tier keeps every
// local alive to the end of its method, and the collector with it, so a parked green thread would keep whoever ran after it from being collected.
internal sealed unsafe partial class Scheduler
{
    private enum LeftFor : byte
    {
        Nothing,
        Yield,
        Park,
        Pool,
        Used,
    }

    private LeftFor _leftFor;
    private GreenThread? _left;
    private Coroutine? _leftCoroutine;

    // A green thread that has no coroutine yet and none to be had from the pool: the carrier makes one, on its own stack.
    private GreenThread? _handOff;

    // Operations that a green thread may end without waiting before others get their turn: a socket that is always ready must not starve the
    // rest. 64 system calls are some 50 microseconds; tokio grants 128 of its cheaper polls.
    private const int OperationBudget = 64;

    private int _budget = OperationBudget;

    // Guesses, see IsTurnOfSpinner.
    private const int SmallCrowd = 8;
    private const int LongestSpin = 8;

    private uint _spins;

    /// <summary>
    /// Whether a switch is under way: the running green thread looks for the next one, or has not finished what is to become of the last. It can neither park
    /// nor yield then. Owner scheduler only.
    /// </summary>
    internal bool IsBetweenGreenThreads => _leftFor != LeftFor.Nothing;

    /// <summary>
    /// Whether the running green thread, which spins, shall let others run now: always while few wait, every few times in a crowd. There a round takes long in any
    /// case, and if all of them spin before they park, as ten thousand do that begin to wait for one semaphore, it is the rounds that cost. Owner scheduler only.
    /// </summary>
    internal bool IsTurnOfSpinner() => ++_spins % (uint)Math.Clamp(QueuedCount / SmallCrowd, 1, LongestSpin) == 0;

    /// <summary>Counts an operation of the running green thread that did not have to wait, and lets others run when there were many.</summary>
    internal void SpendBudget()
    {
        if (--_budget > 0)
            return;
        _budget = OperationBudget;
        GreenThread.Yield();
    }

    /// <summary>Lets others run. Called by the running green thread.</summary>
    /// <returns>False if there was nobody to run.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal bool Yield(GreenThread self, Coroutine coroutine)
    {
        Debug.Assert(Running == self && !IsBetweenGreenThreads, "only the running green thread yields");
        _leftFor = LeftFor.Yield;
        GreenThread? next = FindWork();
        if (next is null && !_isRetired)
        {
            _leftFor = LeftFor.Nothing;
            return false;
        }
        SetHome(self, coroutine);
        _left = self;
        LeaveFor(coroutine, next);
        self.Scheduler!.FinishSwitch();
        return true;
    }

    /// <summary>Lets the running green thread go on on another scheduler of its group. Called by itself, which has no native frames on its stack.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void MoveTo(Scheduler other, GreenThread self, Coroutine coroutine)
    {
        Debug.Assert(Running == self && !IsBetweenGreenThreads && other != this, "only the running green thread moves, and elsewhere");
        _leftFor = LeftFor.Yield;
        GreenThread? next = FindWork();
        self.Home = other;
        _left = self;
        LeaveFor(coroutine, next);
        self.Scheduler!.FinishSwitch();
    }

    /// <summary>Takes the running green thread off its stack until it is woken or the deadline has passed.</summary>
    /// <returns>False if the deadline has passed.</returns>
    internal bool Park(GreenThread self, Deadline deadline)
    {
        Debug.Assert(Running == self, "only the running green thread parks");
        if (deadline.IsNever)
        {
            ParkUntimed(self);
            return true;
        }
        if (deadline.HasPassed)
            return false;
        _timers.Add(self, deadline);
        ParkUntimed(self);
        // From the timers where it parked, wherever it runs now.
        return _timers.Remove(self) || !deadline.HasPassed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ParkUntimed(GreenThread self)
    {
        if (!self.ParkState.TryBeginPark())
            return;
        _leftFor = LeftFor.Park;
        Coroutine coroutine = self.Coroutine!;
        SetHome(self, coroutine);
        _left = self;
        LeaveFor(coroutine, FindWork());
        self.Scheduler!.FinishSwitch();
    }

    // Before it leaves: whoever makes it runnable again reads where (DESIGN.md §2 rule 9).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SetHome(GreenThread self, Coroutine coroutine)
    {
        if (coroutine.HasNativeFrames || self.IsPinned || _mayNotMigrate)
            SetHomeHere(self, coroutine);
        else if (self.Home is not null)
            self.Home = null;
    }

    private void SetHomeHere(GreenThread self, Coroutine coroutine)
    {
        self.Home = this;
        _affineParks.Add(self, coroutine);
    }

    // Returns when somebody switches back to the coroutine.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LeaveFor(Coroutine from, GreenThread? next)
    {
        if (next is null)
        {
            Running = null;
            from.Suspend();
        }
        else if (next.Coroutine is not null || TryAssignFromPool(next))
        {
            Mount(next);
            from.SwitchTo(next.Coroutine!);
        }
        else
        {
            _handOff = next;
            Running = null;
            from.Suspend();
        }
    }

    private GreenThread? TakeHandOff()
    {
        GreenThread? next = _handOff;
        _handOff = null;
        return next;
    }

    private static void Assign(Coroutine coroutine, GreenThread thread)
    {
        coroutine.Tenant = thread;
        thread.Coroutine = coroutine;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mount(GreenThread next)
    {
        Debug.Assert(next.Home is null || next.Home == this, "an affine green thread runs at home only");
        // The compare saves the collector's write barrier, which costs more.
        if (next.Scheduler != this)
            next.Scheduler = this;
        Running = next;
        _budget = OperationBudget;
    }

    // On the other side of every switch: what is to become of whoever left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FinishSwitch()
    {
        switch (_leftFor)
        {
            case LeftFor.Yield:
                EnqueueHere(_left!);
                _left = null;
                break;
            case LeftFor.Park:
                _parks++;
                if (!_left!.ParkState.TryCompletePark())
                    EnqueueHere(_left);
                _left = null;
                break;
            case LeftFor.Pool:
                _pool.Return(_leftCoroutine!);
                _leftCoroutine = null;
                break;
            case LeftFor.Used:
                _used.Add(_leftCoroutine!);
                _leftCoroutine = null;
                break;
        }
        _leftFor = LeftFor.Nothing;
    }

    // The body of every coroutine of a scheduler: one green thread after the other, without a switch in between while they are new ones.
    private static void RunTenants()
    {
        Coroutine coroutine = Coroutine.Current!;
        while (true)
            RunTenantsUntilSwitch(coroutine);
    }

    // Not inlined: a coroutine that rests in the pool must hold on to nothing of the tenants that it had.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void RunTenantsUntilSwitch(Coroutine coroutine)
    {
        Scheduler scheduler = Unsafe.As<GreenThread>(coroutine.Tenant)!.Scheduler!;
        scheduler.FinishSwitch();
        GreenThread? next;
        bool isUsed;
        while (true)
        {
            scheduler = RunTenant(coroutine);
            next = scheduler.FindWork();
            isUsed = scheduler.Group.HasFreshThreadStatics && !coroutine.CanForgetThreadStatics;
            if (next is null || next.Coroutine is not null || isUsed)
                break;
            Assign(coroutine, next);
            scheduler.Mount(next);
        }

        scheduler._leftCoroutine = coroutine;
        scheduler._leftFor = isUsed ? LeftFor.Used : LeftFor.Pool;
        scheduler.LeaveFor(coroutine, next);
    }

    /// <summary>Returns the scheduler where the tenant ended.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Scheduler RunTenant(Coroutine coroutine)
    {
        GreenThread tenant = Unsafe.As<GreenThread>(coroutine.Tenant)!;
        if (tenant.Group.HasFreshThreadStatics)
            RunFresh(tenant, coroutine);
        else
            tenant.Execute();
        tenant.Coroutine = null;
        coroutine.Tenant = null;
        Scheduler scheduler = tenant.Scheduler!;
        scheduler.Running = null;
        return scheduler;
    }

    // Before, because a tenant of another group may have been here, and the scheduler's own code used some; after, because they keep objects alive. What is
    // not forgotten afterwards is seen by nobody: see isUsed above.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunFresh(GreenThread tenant, Coroutine coroutine)
    {
        Debug.Assert(coroutine.CanForgetThreadStatics, "only coroutines that can are assigned");
        coroutine.ForgetThreadStatics();
        tenant.Execute();
        if (coroutine.CanForgetThreadStatics)
            coroutine.ForgetThreadStatics();
    }
}
