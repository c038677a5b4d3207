using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A coroutine is a stack of its own and a CLR Thread of its own. It runs one body after the other; the scheduler gives it one that runs green
// threads, tests give it plain ones. It knows nothing of schedulers.
//
//   Idle      -> Running     // first Resume or SwitchTo after Start; the stack belongs to the carrier
//   Running   -> Suspended   // Suspend or SwitchTo: registers and statics saved; whoever resumes it owns it
//   Suspended -> Running     // Resume or SwitchTo, on any carrier (same carrier if HasNativeFrames was true when it left)
//   Running   -> Idle        // the body returned or threw; the next Start may come
//
// Nothing here is synchronised: the owner publishes a coroutine only after it is off its stack (DESIGN.md §2 rule 4).
internal sealed unsafe partial class Coroutine
{
    private static StackArena? s_arena;
    private static long s_created;

    // Guards CoroutineBlock.Clr.Thread against being freed while somebody else than the coroutine looks at it.
    private static readonly NoParkLock s_endGate = new();

    // Copies of the arena's fields, so that Current is three loads; the capacity is 0 until there is an arena.
    private static nint s_region;
    private static int s_strideShift;
    private static nuint s_capacity;
    private static CoroutineBlock* s_blocks;

    private readonly CoroutineBlock* _block;
    private Action? _body;
    private ExceptionDispatchInfo? _failure;

    private Coroutine(int index, int strides)
    {
        _block = Arena.Blocks + index;
        StackReserve = strides * Arena.Stride;
        // A stack that had another coroutine keeps its handle: whoever looks at all of them (All) may just be reading it.
        nint handle = _block->Handle;
        if (handle == 0)
            handle = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        else
            SetTarget(handle, this);
        // Whatever stride of the stack the stack pointer is in, Current finds the handle, and a foreign call the block.
        for (int i = 0; i < strides; i++)
        {
            _block[i].Handle = handle;
            _block[i].First = _block;
        }
        _block->Clr.FakeOSId = ClrThreadState.FirstFakeOSId + index;
    }

    internal static StackArena Arena => s_arena ?? throw new InvalidOperationException("there is no stack arena in bound mode");

    /// <summary>Whoever uses the coroutine may keep what it likes here; the scheduler keeps the green thread.</summary>
    internal object? Tenant { get; set; }

    /// <summary>Whether an exception that the body lets out is rethrown by <see cref="Resume"/>. If not, it is unhandled as on any thread.</summary>
    internal bool CarriesExceptions { get; set; } = true;

    internal bool IsIdle { get; private set; } = true;

    /// <summary>Bytes of address space that its stack takes, guard included; a multiple of the arena's stride.</summary>
    internal int StackReserve { get; }

    /// <summary>In the order of creation, which is the order of the runtime's list of Threads.</summary>
    internal long Number { get; } = Interlocked.Increment(ref s_created);

    internal nint StackBase => _block->StackBase;

    internal nint StackLimit => _block->StackLimit;

    /// <summary>Where the stack pointer is while it does not run.</summary>
    internal nint StackPointerWord => (nint)(&_block->StackPointer);

    /// <summary>The runtime's Thread object.</summary>
    internal nint RuntimeThread => _block->Clr.Thread;

    /// <summary>
    /// Whether its thread statics can be forgotten. Not if a class that can be unloaded has some, or one was touched while its class was being initialised:
    /// such a coroutine is of no more use where every body is to find fresh ones. By its owner.
    /// </summary>
    internal bool CanForgetThreadStatics => ClrThread.CanResetStatics(&_block->Clr);

    /// <summary>Whether <see cref="ForgetThreadStatics"/> knows where they are. By the running coroutine, once it has used one.</summary>
    internal bool HasKnownThreadStatics => ClrThread.HasKnownStatics(&_block->Clr);

    /// <summary>The carrier that runs this coroutine, or ran it last.</summary>
    internal Carrier* Carrier => _block->Carrier;

    /// <summary>
    /// Whether native frames lie on the stack below the caller: it may then only be resumed by the carrier that runs it now (DESIGN.md §2
    /// rule 9). Only for the running coroutine itself.
    /// </summary>
    internal bool HasNativeFrames => ClrThread.HasNativeFrames(&_block->Clr);

    /// <summary>What its tenant waits for, if it wants others to know. Written by the tenant, read by anybody.</summary>
    internal object? TenantsWait
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Whether a static constructor is under way on its stack. To be asked by itself.</summary>
    internal bool IsInStaticConstructor => ManagedFrames.HasStaticConstructor(RuntimeThread);

    /// <summary>The coroutine on whose stack the caller runs; null on the stack of an OS thread.</summary>
    internal static Coroutine? Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            byte marker;
            nuint index = (nuint)((nint)(&marker) - s_region) >> s_strideShift;
            // SAFETY: a stack inside the arena on which code runs has a block with a live handle to a Coroutine.
            return index < s_capacity ? Unsafe.As<Coroutine>(GCHandle.FromIntPtr(s_blocks[index].Handle).Target) : CurrentOnLargeStack;
        }
    }

    /// <summary>Reserves the process's stacks. Once, before the first coroutine.</summary>
    internal static void CreateArena()
    {
        var arena = new StackArena(hasLargeStacks: true);
        s_arena = arena;
        s_region = arena.Region;
        s_strideShift = arena.StrideShift;
        s_blocks = arena.Blocks;
        s_capacity = (nuint)arena.Capacity;
        LargeStacks large = arena.LargeStacks!;
        s_largeStacks = large;
        s_largeRegion = large.Region;
        s_largeCapacity = (nuint)large.Capacity;
    }

    /// <summary>
    /// Makes a coroutine. To be called on the carrier's own stack; takes some microseconds. It lives, with its CLR Thread, until
    /// <see cref="TryEnd"/>: keep it in a pool.
    /// </summary>
    /// <param name="carrier">Of the calling OS thread.</param>
    /// <param name="stackReserve">Bytes of address space for its stack, rounded up to what the arena gives out.</param>
    /// <exception cref="GreenThreadLimitException">There is no further stack.</exception>
    internal static Coroutine Create(Carrier* carrier, int stackReserve = StackArena.DefaultStride)
    {
        int strides = (stackReserve + Arena.Stride - 1) / Arena.Stride;
        int index = Arena.Allocate(strides);
        var coroutine = new Coroutine(index, strides);
        CoroutineBlock* block = coroutine._block;
        ClrThread.Create(&block->Clr, carrier, block->StackLimit, block->StackBase);
        block->StackPointer = ContextSwitch.PrepareStack(block->StackBase, block);
        return coroutine;
    }

    /// <summary>Gives an idle coroutine its next body; it runs at the next resume.</summary>
    internal void Start(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (!IsIdle)
            throw new InvalidOperationException("the coroutine has a body that has not ended");
        _body = body;
        IsIdle = false;
    }

    /// <summary>Runs the coroutine, on the carrier's own stack, until it suspends or its body ends.</summary>
    /// <exception cref="Exception">What the body threw, if <see cref="CarriesExceptions"/>.</exception>
    internal void Resume(Carrier* carrier)
    {
        ContextSwitch.Resume(_block, carrier);
        if (_failure is { } failure)
        {
            _failure = null;
            failure.Throw();
        }
    }

    /// <summary>Leaves the coroutine's stack for that of its carrier. Only the running coroutine calls it; returns when resumed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Suspend() => ContextSwitch.Suspend(_block);

    /// <summary>Leaves this coroutine's stack for that of another, without a stop at the carrier's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SwitchTo(Coroutine next) => ContextSwitch.SwitchTo(_block, next._block);

    /// <summary>
    /// All thread statics are as on a new thread from now on, but for the number that is its name for every <see cref="Lock"/>. Only the running coroutine calls
    /// it, while <see cref="CanForgetThreadStatics"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void ForgetThreadStatics()
    {
        ClrThread.ResetStatics(&_block->Clr);
        LockThreadId.Set((uint)_block->Clr.FakeOSId);
    }

    /// <summary>Gives back the stack's memory below the frames of this coroutine, which must not be running.</summary>
    internal nint TrimStack() => StackArena.Trim(_block, _block->StackPointer);

    /// <summary>To be called when the carrier that last ran this coroutine may end before it is resumed.</summary>
    internal void ForgetCarrier() => ClrThread.ForgetCarrier(&_block->Clr);

    /// <summary>
    /// Gives its CLR Thread back to the runtime and its stack to the arena. It must rest, its carrier forgotten, and nobody may use it afterwards. What its
    /// frames refer to is dropped with them; no finally block runs.
    /// </summary>
    /// <returns>False if the runtime did not take it; it is as before then.</returns>
    internal bool TryEnd(Carrier* carrier, ThreadEnd end)
    {
        nint thread = _block->Clr.Thread;
        SetThread(ClrThread.Nobody);
        if (!ClrThread.End(thread, &_block->Clr, carrier, end))
        {
            SetThread(thread);
            return false;
        }
        SetTarget(_block->Handle, null);
        Arena.Free((int)(_block - Arena.Blocks), StackReserve / Arena.Stride);
        return true;
    }

    private void SetThread(nint thread)
    {
        using (s_endGate.Enter())
            _block->Clr.Thread = thread;
    }

    private static void SetTarget(nint handle, Coroutine? target)
    {
        GCHandle gcHandle = GCHandle.FromIntPtr(handle);
        gcHandle.Target = target;
    }

    /// <summary>Whether it runs managed code at this moment, rather than native code. Any thread; for a guess about somebody else.</summary>
    internal bool IsInManagedCode
    {
        get
        {
            // Its green thread may have ended meanwhile, and the coroutine be given back: the Thread must not be freed between two loads.
            using (s_endGate.Enter())
                return ClrThread.IsInManagedCode(&_block->Clr);
        }
    }

    /// <summary>The managed methods on its stack, innermost first, while it is suspended; null if it is not, or they cannot be told. Any thread.</summary>
    internal IReadOnlyList<string>? MethodsWhileSuspended()
    {
        (nint limit, nint @base) = BoundsOf(_block->StackPointer);
        return ManagedFrames.OfParked(RuntimeThread, StackPointerWord, limit, @base);
    }

    /// <summary>The same while it runs, in native code or not. Interrupts it for a moment. From plain OS threads.</summary>
    internal IReadOnlyList<string>? MethodsWhileRunning(int osThreadId)
    {
        (nint limit, nint @base) = BoundsOf(CurrentLimit);
        if (IsInManagedCode)
            return ManagedFrames.OfComputing(RuntimeThread, osThreadId, limit, @base);
        // From a large stack, or from the green one if it is the foreign function itself that runs.
        return ManagedFrames.OfNative(RuntimeThread, limit, @base) ?? ManagedFrames.OfNative(RuntimeThread, StackLimit, StackBase);
    }

    /// <summary>Every coroutine that there is, running ones and idle ones; those that come meanwhile may be missing. Any thread.</summary>
    internal static IEnumerable<Coroutine> All()
    {
        if (s_arena is not { } arena)
            yield break;
        Coroutine? last = null;
        int count = arena.HighWater;
        for (int i = 0; i < count; i++)
        {
            if (At(i) is { } coroutine && coroutine != last)
                yield return last = coroutine;
        }
    }

    private static Coroutine? At(int index)
    {
        // SAFETY: inside the table; a handle is written once and never freed; it has no target once its coroutine was ended.
        nint handle = Volatile.Read(ref s_blocks[index].Handle);
        return handle == 0 ? null : (Coroutine?)GCHandle.FromIntPtr(handle).Target;
    }

    internal static void RunBodies(CoroutineBlock* block)
    {
        var self = (Coroutine)GCHandle.FromIntPtr(block->Handle).Target!;
        LockThreadId.Set((uint)block->Clr.FakeOSId);
        while (true)
        {
            self.RunBody();
            self.IsIdle = true;
            self.Suspend();
        }
    }

    // Not inlined: an idle coroutine's frames must hold on to nothing of the body that it ran.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RunBody()
    {
        try
        {
            Action body = _body!;
            _body = null;
            body();
        }
        catch (Exception exception) when (CarriesExceptions)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }
}
