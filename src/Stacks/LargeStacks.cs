using System.Runtime.InteropServices;

namespace GreenThreads;

// Large stacks for foreign code, which expects that of a usual thread. Their zone is the lowest part of the arena:
//
//      start of the arena                                  first green stack
//      | large stack 0        | large stack 1        | ... |
//      | guard | <-- used     | guard | <-- used     |
//              ^ limit    top ^ (less the room for its owner)
//
// Below the green stacks, because the stack walker compares the addresses of explicit frames: within one CLR Thread a younger frame must have a lower address
// (DESIGN.md §2 rule 5), and a green thread that calls foreign code goes on from its own stack to a large one.
//
// Each carrier keeps one for the next call (Carrier.LargeStack), so a call takes no lock. One that a green thread parks on, in a callback, stays with it; the
// carrier gets another when it needs one. A large stack is opened for access at its first use, and costs the pages that were touched: all but the first few are
// given back when it returns here; a carrier that has been idle for a second returns its own.
internal sealed unsafe class LargeStacks
{
    /// <summary>Distance between large stacks, and what each can use but for its guard: what Linux gives to the main thread of a process.</summary>
    internal const int Stride = 8 * 1024 * 1024;

    internal const int StrideShift = 23;

    /// <summary>Above the top, in the last words of the stride: the handle of the coroutine that uses it. The stack pointer must be a multiple of 16.</summary>
    internal const int OwnerRoom = 16;

    // What a call that does little touches; kept, so that the next need not touch it anew.
    private const int KeptSize = 16 * 1024;

    private readonly StackGuard _guard;
    private readonly NoParkLock _gate = new();

    // Guarded by _gate.
    private readonly Stack<nint> _free = [];
    private int _opened;

    /// <param name="region">Where the zone begins; reserved without access.</param>
    /// <param name="capacity">How many there can be.</param>
    /// <param name="guard">Makes their guards, the arena's.</param>
    internal LargeStacks(nint region, int capacity, StackGuard guard)
    {
        _guard = guard;
        Region = region;
        Capacity = capacity;
    }

    internal nint Region { get; }

    internal int Capacity { get; }

    /// <summary>How many are in use, those that carriers keep included.</summary>
    internal int InUse
    {
        get
        {
            using (_gate.Enter())
                return _opened - _free.Count;
        }
    }

    /// <summary>Gives one out. Any thread; does not park.</summary>
    /// <returns>Its top: where the stack pointer begins.</returns>
    /// <exception cref="GreenThreadLimitException">The zone, the memory or the map count is used up.</exception>
    internal nint Take()
    {
        int errno;
        using (_gate.Enter())
        {
            if (_free.TryPop(out nint top) || TryOpen(out top, out errno))
                return top;
        }
        // With the gate free: filters of a user's run before a finally block frees it.
        throw errno switch
        {
            0 => new GreenThreadLimitException($"all {Capacity} large stacks have green threads that are parked in foreign calls", "RLIMIT_AS, or let fewer be in one at once"),
            Errno.ENOMEM => new GreenThreadLimitException($"no memory for a large stack beyond {_opened}", "vm.overcommit_ratio or the memory limit"),
            _ => new SystemCallException("mprotect", errno),
        };
    }

    /// <summary>Takes one back.</summary>
    internal void Return(nint top)
    {
        Trim(top);
        using (_gate.Enter())
            _free.Push(top);
    }

    /// <summary>Returns the memory of one that nobody runs on to the system, but for what a usual call needs.</summary>
    internal static void Trim(nint top)
    {
        // SAFETY: the pages are ours and hold no live frame; reading one later gives zeroes. Only advice: locked memory cannot be given back.
        _ = Interop.madvise(LimitOf(top), top + OwnerRoom - KeptSize - LimitOf(top), Interop.MADV_DONTNEED);
    }

    /// <summary>The lowest address that it may use.</summary>
    internal static nint LimitOf(nint top) => top + OwnerRoom - Stride + StackArena.GuardSize;

    /// <returns>False with an errno, or 0 if the zone is used up.</returns>
    private bool TryOpen(out nint top, out int errno)
    {
        top = 0;
        errno = 0;
        if (_opened == Capacity)
            return false;
        nint low = Region + ((nint)_opened << StrideShift);
        if (Interop.mprotect(low, Stride, Interop.PROT_READ | Interop.PROT_WRITE) != 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return false;
        }
        _guard.Install(low, StackArena.GuardSize);
        _opened++;
        top = low + Stride - OwnerRoom;
        return true;
    }
}
