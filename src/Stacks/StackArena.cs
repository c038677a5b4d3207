using System.Numerics;
using System.Runtime.InteropServices;

namespace GreenThreads;

// All stacks, in one reserved region of address space with a fixed stride:
//
//      start          base of region                                                        end
//      | large stacks | stack 0                      | stack 1                      | ...   |
//                     | guard |  unused ... used --> |
//                             ^ limit            base ^ (less its colour)
//
// - Reserved without access and without reserve, so it costs nothing until used; opened for access in chunks from the low end, which keeps it
//   two mappings whatever the count. No huge pages: a stack touches one page of 4 KB, and a huge one would be 2 MB of memory each.
// - A power-of-two stride: which stack an address belongs to is a subtraction and a shift.
// - Colours: the bases of neighbours differ by whole cache lines, or the frames of a hundred thousand equal stacks would all fall into the
//   same few sets of the first-level cache. Kept under half a page, so that most stacks still fit their first page.
// - Large stacks (LargeStacks.cs) must lie below the green ones (DESIGN.md §2 rule 5), so their zone is reserved together with this one.
internal sealed unsafe class StackArena
{
    /// <summary>Distance between stacks in bytes; what the measurements in docs/stacks.md ask for.</summary>
    internal const int DefaultStride = 512 * 1024;

    /// <summary>As much as stack-clash hardening expects a frame to skip at most without touching a page in between (gcc: 64 KB).</summary>
    internal const int GuardSize = 64 * 1024;

    internal const int DefaultCapacity = 1 << 20;

    /// <summary>A zone of large stacks has one for so many green ones: an eighth of the address space. Nobody parks in that many foreign calls at once.</summary>
    internal const int StacksPerLargeStack = 128;

    private const int MinimumCapacity = 1 << 10;

    // Of what RLIMIT_AS leaves, if there is such a limit: the heap and other threads need address space too. A guess.
    private const int ShareOfLimitedAddressSpace = 4;

    private const int StacksPerChunk = 64;
    private const int Colours = 16;
    private const int ColourStep = 128;

    private readonly NoParkLock _gate = new();
    private readonly StackGuard _guard;
    private readonly int _strideShift;

    // Guarded by _gate.
    private readonly Dictionary<int, Stack<int>> _free = []; // by the number of strides
    private int _freeStrides;
    private int _opened;
    private int _used;

    /// <param name="stride">Distance between stacks in bytes.</param>
    /// <param name="capacity">How many there can be; fewer where address space is short.</param>
    /// <param name="guard">Makes the guards; null for the usual ones.</param>
    /// <param name="hasLargeStacks">Whether it begins with a zone of large stacks.</param>
    internal StackArena(int stride = DefaultStride, int capacity = DefaultCapacity, StackGuard? guard = null, bool hasLargeStacks = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 2 * GuardSize);
        if (!BitOperations.IsPow2(stride))
            throw new ArgumentException("the stride must be a power of two", nameof(stride));
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);

        _guard = guard ?? new StackGuard(useMprotect: false, StackGuard.ReadMapLimit());
        _strideShift = BitOperations.Log2((uint)stride);
        Stride = stride;

        // Half the stacks are better than none, where address space is short.
        nint available = AddressSpace.Available / ShareOfLimitedAddressSpace;
        for (Capacity = capacity; ; Capacity /= 2)
        {
            nint start = 0;
            int large = hasLargeStacks ? Math.Max(Capacity / StacksPerLargeStack, 1) : 0;
            nint length = (nint)large * LargeStacks.Stride + (nint)Capacity * stride;
            if (length <= available && TryReserve(length, out start))
            {
                Region = start + (nint)large * LargeStacks.Stride;
                _ = Interop.madvise(start, length, Interop.MADV_NOHUGEPAGE);
                LargeStacks = large == 0 ? null : new LargeStacks(start, large, _guard);
                break;
            }
            if (Capacity / 2 < Math.Min(MinimumCapacity, capacity))
                throw new SystemCallException("mmap", Errno.ENOMEM, "no address space for green stacks: raise RLIMIT_AS (ulimit -v)");
        }

        nint table = Interop.mmap(0, (nint)Capacity * sizeof(CoroutineBlock), Interop.PROT_READ | Interop.PROT_WRITE,
            Interop.MAP_PRIVATE | Interop.MAP_ANONYMOUS | Interop.MAP_NORESERVE, -1, 0);
        if (table == Interop.MAP_FAILED)
        {
            int errno = Marshal.GetLastPInvokeError();
            _ = Interop.munmap(Start, Region + (nint)Capacity * stride - Start);
            throw new SystemCallException("mmap", errno);
        }
        Blocks = (CoroutineBlock*)table;
    }

    /// <summary>Where the green stacks begin.</summary>
    internal nint Region { get; }

    /// <summary>The large stacks below them; null if it has none.</summary>
    internal LargeStacks? LargeStacks { get; }

    /// <summary>The lowest address of all.</summary>
    internal nint Start => LargeStacks?.Region ?? Region;

    internal int Stride { get; }

    internal int StrideShift => _strideShift;

    /// <summary>How many stacks there can be.</summary>
    internal int Capacity { get; }

    internal CoroutineBlock* Blocks { get; }

    internal string GuardKind => _guard.Kind;

    /// <summary>Strides that are given out, those of idle coroutines included.</summary>
    internal int InUse
    {
        get
        {
            using (_gate.Enter())
                return _used - _freeStrides;
        }
    }

    /// <summary>Gives out a stack and fills in its block's bounds. Any thread; does not park.</summary>
    /// <param name="strides">How many strides it takes. A stack of several has the first one's block; the others only need the handle in theirs.</param>
    /// <returns>The index of the stack and of its block.</returns>
    /// <exception cref="GreenThreadLimitException">The arena, the memory or the map count is used up.</exception>
    internal int Allocate(int strides = 1)
    {
        using (_gate.Enter())
        {
            if (_free.TryGetValue(strides, out Stack<int>? free) && free.TryPop(out int index))
            {
                _freeStrides -= strides;
                return index;
            }
            if (_used + strides > Capacity)
                throw new GreenThreadLimitException($"all {Capacity} stacks are in use", "RLIMIT_AS, or let fewer green threads run at once");

            while (_used + strides > _opened)
                OpenChunk();
            nint low = Region + ((nint)_used << _strideShift);
            _guard.Install(low, GuardSize);

            CoroutineBlock* block = Blocks + _used;
            block->StackLimit = low + GuardSize;
            block->StackBase = low + ((nint)strides << _strideShift) - _used % Colours * ColourStep;
            _used += strides;
            return _used - strides;
        }
    }

    /// <summary>Takes a stack back; its memory is returned to the system, its guard stays.</summary>
    internal void Free(int index, int strides = 1)
    {
        // All of its pages: what lies above the base is only its colour.
        CoroutineBlock* block = Blocks + index;
        Trim(block, Region + ((nint)(index + strides) << _strideShift));
        using (_gate.Enter())
        {
            if (!_free.TryGetValue(strides, out Stack<int>? free))
                _free.Add(strides, free = new Stack<int>());
            free.Push(index);
            _freeStrides += strides;
        }
    }

    /// <summary>How many stacks, free ones included, have been given out so far: their blocks are the first of the table. Any thread.</summary>
    internal int HighWater => Volatile.Read(ref _used);

    /// <summary>Returns the memory of the pages that lie wholly below <paramref name="stackPointer"/> to the system.</summary>
    /// <returns>Bytes of address space that were given back; 0 also if the kernel would not take them.</returns>
    internal static nint Trim(CoroutineBlock* block, nint stackPointer)
    {
        nint length = (stackPointer & -(nint)Environment.SystemPageSize) - block->StackLimit;
        if (length <= 0)
            return 0;
        // SAFETY: the pages are ours and below every live frame; reading one later gives zeroes. Only advice: locked memory (mlockall) cannot be
        // given back, and everything works without.
        return Interop.madvise(block->StackLimit, length, Interop.MADV_DONTNEED) == 0 ? length : 0;
    }

    private static bool TryReserve(nint length, out nint region)
    {
        region = Interop.mmap(0, length, Interop.PROT_NONE, Interop.MAP_PRIVATE | Interop.MAP_ANONYMOUS | Interop.MAP_NORESERVE, -1, 0);
        return region != Interop.MAP_FAILED;
    }

    private void OpenChunk()
    {
        int count = Math.Min(StacksPerChunk, Capacity - _opened);
        if (Interop.mprotect(Region + ((nint)_opened << _strideShift), (nint)count << _strideShift, Interop.PROT_READ | Interop.PROT_WRITE) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw errno == Errno.ENOMEM
                ? new GreenThreadLimitException($"no memory for a green thread stack beyond {_used}", "vm.overcommit_ratio or the memory limit")
                : new SystemCallException("mprotect", errno);
        }
        _opened += count;
    }
}
