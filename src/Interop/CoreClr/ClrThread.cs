using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Creating, mounting and unmounting CLR Threads: DESIGN.md §2. W is the Thread of the carrier's own OS thread, T a green thread's.
//
// A switch is, in the words of the methods below (C = cooperative mode, P = preemptive, inside the P/Invoke of the switch):
//
//   leaving T, C    MoveStaticsOut(T)      the statics leave the OS thread before anybody else can run on it
//   leaving T, C    Unmount(T)             the fake OS id comes back
//   leaving T, C    Mount(T2) or MountW    the next Thread gets the OS thread's handle, id and map entry
//   P               switch_to_peer/across  current Thread and stack change, no collection can see a difference: both are in native code
//   in T2, C        MoveStaticsIn(T2)
//
// Between the two moves the OS thread's statics are those of nobody: no code may run there that uses one, is compiled, throws or logs.
// Everything there is in methods that are compiled ahead (Prepare) and never tiered (AggressiveOptimization on the outer ones).
//
// A pending activation: the signal that interrupts managed code may arrive after its target was unmounted. The handler then finds another
// Thread in the map and leaves the target's flag set, and the runtime would never send that Thread another. So Mount and MountW clear it.
internal static unsafe class ClrThread
{
    // The runtime's FRAME_TOP: no explicit frame on the stack.
    private const nint FrameTop = -1;

    private static readonly ClrLayout s_layout = ClrRuntime.Layout;
    private static readonly int s_osId = s_layout.OSId;
    private static readonly int s_threadHandle = s_layout.ThreadHandle;
    private static readonly int s_pending = s_layout.HasPendingActivation;
    private static readonly int s_threadLocalDataPtr = s_layout.ThreadLocalDataPtr;
    private static readonly int s_runtimeThreadLocals = s_layout.RuntimeThreadLocals;
    private static readonly int s_frame = s_layout.Frame;
    private static readonly int s_stackBounds = s_layout.StackBounds;

    // An allocation context that is and stays empty; what an unmounted Thread's pointer refers to. Larger than any RuntimeThreadLocals.
    private static readonly nint s_limbo = (nint)NativeMemory.AllocZeroed(4096);
    private static readonly nint s_zeroStatics = (nint)NativeMemory.AllocZeroed(ClrLayout.ThreadStaticsSize);

    /// <summary>Takes the place of a Thread that was ended, for those who look at it: zeroes, so it is in native code.</summary>
    internal static nint Nobody { get; } = (nint)NativeMemory.AllocZeroed(4096);

    private static readonly delegate* unmanaged[SuppressGCTransition]<nint, nint, nint*, nint, nint*, nint, void> s_moveThreadStatics;
    private static readonly delegate* unmanaged<nint*, delegate* unmanaged<Creation*, void>, Creation*, void> s_callWithoutThread;
    private static readonly delegate* unmanaged<nint*, nint, nint, nint, nint> s_endThread;

    static ClrThread()
    {
        nint[] code = ExecutableCode.Publish(ThreadStaticsCode.MoveThreadStatics, ThreadStaticsCode.CallWithoutThread, ThreadEndCode.EndThread);
        s_moveThreadStatics = (delegate* unmanaged[SuppressGCTransition]<nint, nint, nint*, nint, nint*, nint, void>)code[0];
        s_callWithoutThread = (delegate* unmanaged<nint*, delegate* unmanaged<Creation*, void>, Creation*, void>)code[1];
        s_endThread = (delegate* unmanaged<nint*, nint, nint, nint, nint>)code[2];
    }

    private struct Creation
    {
        public Carrier* Carrier;
        public ClrThreadState* State;
    }

    /// <summary>T's statics leave the OS thread, and its allocation context with them. In cooperative mode, by T itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void MoveStaticsOut(ClrThreadState* state, Carrier* carrier)
    {
        // SAFETY: a leaf on verified addresses, see ThreadStatics.X64.cs.
        s_moveThreadStatics((nint)state->SavedStatics, carrier->ThreadStatics, (nint*)(state->Thread + s_threadLocalDataPtr), (nint)state->SavedStatics,
            (nint*)(state->Thread + s_runtimeThreadLocals), s_limbo);
    }

    /// <summary>T's statics come back, to whichever OS thread carries it now. In cooperative mode, by T itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void MoveStaticsIn(ClrThreadState* state, Carrier* carrier)
    {
        s_moveThreadStatics(carrier->ThreadStatics, (nint)state->SavedStatics, (nint*)(state->Thread + s_threadLocalDataPtr), carrier->ThreadStatics,
            (nint*)(state->Thread + s_runtimeThreadLocals), carrier->RuntimeThreadLocals);
    }

    /// <summary>The same for W, which keeps its allocation context.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void MoveCarrierStaticsOut(Carrier* carrier)
    {
        s_moveThreadStatics((nint)carrier->SavedStatics, carrier->ThreadStatics, (nint*)(carrier->Thread + s_threadLocalDataPtr), (nint)carrier->SavedStatics,
            &carrier->Unused, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void MoveCarrierStaticsIn(Carrier* carrier)
    {
        s_moveThreadStatics(carrier->ThreadStatics, (nint)carrier->SavedStatics, (nint*)(carrier->Thread + s_threadLocalDataPtr), carrier->ThreadStatics,
            &carrier->Unused, 0);
    }

    /// <summary>
    /// Whether <see cref="ResetStatics"/> leaves nothing behind. Classes that can be unloaded keep theirs behind handles of their loader, and a class that was
    /// touched while it was being initialised is in a list of the runtime's: only the runtime can free those. By T's owner, or T itself.
    /// </summary>
    internal static bool CanResetStatics(ClrThreadState* state)
    {
        nint statics = *(nint*)(state->Thread + s_threadLocalDataPtr);
        return *(int*)(statics + ClrLayout.CollectibleCountOffset) == 0 && *(nint*)(statics + ClrLayout.InFlightDataOffset) == 0;
    }

    /// <summary>
    /// Gives T the thread statics of a new Thread. In cooperative mode, by T itself, and not from a method that uses one. Each class has an element of the array,
    /// which is null until the thread first uses one of its thread statics: compiled code and the runtime look for that, and make the class's part then
    /// (dotnet/runtime, src/coreclr/vm/threadstatics.cpp). Whoever still has the address of an old part keeps that part alive, and nothing else.
    /// Rejected: to drop the array too, for a new one has to be made for the next use, as long as the process has classes with thread statics.
    /// </summary>
    internal static void ResetStatics(ClrThreadState* state)
    {
        nint statics = *(nint*)(state->Thread + s_threadLocalDataPtr);
        if (PartsOf(statics) is { } parts)
            Array.Clear(parts);
        // SAFETY: the room holds numbers of classes that are initialised, so they begin as zeroes.
        new Span<byte>((void*)(statics + ClrLayout.DirectRoomOffset), DirectRoom.Size).Clear();
    }

    /// <summary>Whether the array of T's thread statics, which it must have used by now, is what <see cref="ResetStatics"/> takes it for.</summary>
    internal static bool HasKnownStatics(ClrThreadState* state)
    {
        nint statics = *(nint*)(state->Thread + s_threadLocalDataPtr);
        object? parts = PartsOf(statics);
        return parts?.GetType() == typeof(object[])
            && *(int*)(statics + ClrLayout.NonCollectibleCountOffset) == ((object[])parts).Length + ClrLayout.UnusedNonCollectibleIndexes;
    }

    // SAFETY: a reference that the collector knows and updates there, null before the first use.
    private static object?[]? PartsOf(nint statics) => Unsafe.AsRef<object?[]?>((void*)(statics + ClrLayout.NonCollectibleArrayOffset));

    /// <summary>T is about to run on the carrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Mount(ClrThreadState* state, Carrier* carrier)
    {
        nint thread = state->Thread;
        *(nint*)(thread + s_threadHandle) = carrier->ThreadHandle;
        *(nint*)(thread + s_osId) = carrier->OSId;
        *(byte*)(thread + s_pending) = 0;
        *carrier->MapValue = thread;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Unmount(ClrThreadState* state) => *(nint*)(state->Thread + s_osId) = state->FakeOSId;

    /// <summary>W is about to run on its own OS thread again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void MountW(Carrier* carrier)
    {
        *(byte*)(carrier->Thread + s_pending) = 0;
        *carrier->MapValue = carrier->Thread;
    }

    /// <summary>An unmounted Thread refers to nothing of the OS thread that last carried it, which may end now.</summary>
    internal static void ForgetCarrier(ClrThreadState* state) => *(nint*)(state->Thread + s_threadHandle) = state->OwnHandle;

    /// <summary>
    /// Whether native frames lie between here and the base of T's stack. To be asked by T itself, in managed code. Compiled native code may
    /// keep the address of a thread-local over a call, so such a stack may only continue on the OS thread where it is.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasNativeFrames(ClrThreadState* state) => *(nint*)(state->Thread + s_frame) != FrameTop;

    /// <summary>Whether T is in cooperative mode. Any thread; a snapshot, for a guess. Not while T may be ended.</summary>
    internal static bool IsInManagedCode(ClrThreadState* state) => Volatile.Read(ref *(int*)(state->Thread + s_layout.PreemptiveGCDisabled)) != 0;

    /// <summary>
    /// Makes the runtime create a Thread, and leaves it unmounted, for the given stack. Runs on W's stack: the runtime's creation runs deep
    /// and would dirty pages of a new stack for good.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Create(ClrThreadState* state, Carrier* carrier, nint stackLimit, nint stackBase)
    {
        // SAFETY: W puts its statics away and gives up the current-Thread word before native code that it calls enters managed code again. The
        // runtime then finds an OS thread that it does not know, as after a pthread_create by a foreign library, and makes a Thread for it.
        var creation = new Creation { Carrier = carrier, State = state };
        MoveCarrierStaticsOut(carrier);
        s_moveThreadStatics(carrier->ThreadStatics, s_zeroStatics, &carrier->Unused, 0, &carrier->Unused, 0);
        s_callWithoutThread(carrier->ThreadSlot, &OnCreated, &creation);
        MoveCarrierStaticsIn(carrier);

        SetStackBase(state, stackBase);
        SetStackLimits(state, StackLimits.Of(stackLimit, stackBase));
    }

    /// <summary>Where a Thread's stack ends, and below which addresses it is too short: for code that asks, and for stack allocations.</summary>
    internal readonly record struct StackLimits(nint Limit, nint Sufficient, nint NonRisky)
    {
        internal static StackLimits Of(nint limit, nint @base) =>
            new(limit, Math.Min(limit + ClrLayout.SufficientStackMargin, @base), Math.Min(limit + ClrLayout.NonRiskyStackMargin, @base));

        /// <summary>The same for one that is larger than the margins.</summary>
        internal static StackLimits OfLarge(nint limit) => new(limit, limit + ClrLayout.SufficientStackMargin, limit + ClrLayout.NonRiskyStackMargin);
    }

    private static void SetStackBase(ClrThreadState* state, nint stackBase) => *(nint*)(state->Thread + s_stackBounds) = stackBase;

    /// <summary>T's lower bounds as the runtime knows them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static StackLimits GetStackLimits(ClrThreadState* state)
    {
        var bounds = (nint*)(state->Thread + s_stackBounds);
        return new StackLimits(bounds[1], bounds[2], bounds[3]);
    }

    /// <summary>Changes them. By T itself, or before it first runs. The base stays: what lies between it and the stack pointer is T's to the runtime.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void SetStackLimits(ClrThreadState* state, in StackLimits limits)
    {
        var bounds = (nint*)(state->Thread + s_stackBounds);
        bounds[1] = limits.Limit;
        bounds[2] = limits.Sufficient;
        bounds[3] = limits.NonRisky;
    }

    // Nothing but the call: the JIT compiler puts a poll for collections behind a leaf, and in the method that native code enters it puts it behind
    // the return to preemptive mode (seen on 10.0.11 to 10.0.14). A poll that finds a collection there leaves the Thread in cooperative mode, and its
    // next entry into managed code ends the process: one creation in some thousands, while others collect. CreateWhileCollectingScenario shows it.
    [UnmanagedCallersOnly]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OnCreated(Creation* creation) => LeaveCreation(creation);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void LeaveCreation(Creation* creation)
    {
        Carrier* carrier = creation->Carrier;
        ClrThreadState* state = creation->State;
        nint thread = *carrier->ThreadSlot;
        state->Thread = thread;
        state->OwnHandle = *(nint*)(thread + s_threadHandle);
        nint* entry = ClrThreadMap.FindEntry(s_layout.ThreadMapHead, carrier->OSId, thread);
        if (entry is not null)
            ClrThreadMap.Remove(entry);
        MoveStaticsOut(state, carrier);
        Unmount(state);
    }

    /// <summary>
    /// Has the runtime end T as it ends the Thread of an OS thread that goes away. T must be unmounted and have its own handle back; nobody resumes it any
    /// more, and its stack is free afterwards. Runs on W's stack. The finalizer thread frees the Thread later. The state may no longer name T, because
    /// others look at that (<see cref="IsInManagedCode"/>).
    /// </summary>
    /// <returns>Whether the runtime ended it; if not, it is as before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static bool End(nint thread, ClrThreadState* state, Carrier* carrier, ThreadEnd end)
    {
        // SAFETY: as a switch to T, without one of the stack. The runtime finds T as the current Thread, in preemptive mode, with its statics and an
        // allocation context in the OS thread's block: it frees the ones and empties the other, which stays W's. No collection comes between the moves, W
        // is in cooperative mode. The map entry stays W's too: the runtime removes the one that has T, and there is none.
        nint monitor = carrier->ThreadStatics - s_layout.ThreadStatics + end.Monitor;
        var statics = (nint*)(thread + s_threadLocalDataPtr);
        var locals = (nint*)(thread + s_runtimeThreadLocals);
        MoveCarrierStaticsOut(carrier);
        s_moveThreadStatics(carrier->ThreadStatics, (nint)state->SavedStatics, statics, carrier->ThreadStatics, locals, carrier->RuntimeThreadLocals);
        nint left = s_endThread(carrier->ThreadSlot, thread, end.Destructor, monitor);
        if (left != 0)
            s_moveThreadStatics((nint)state->SavedStatics, carrier->ThreadStatics, statics, (nint)state->SavedStatics, locals, s_limbo);
        MoveCarrierStaticsIn(carrier);
        return left == 0;
    }

    /// <summary>Compiles everything that runs between two moves of the statics, before the first of them.</summary>
    internal static void Prepare()
    {
        Prepare(typeof(ClrThread));
        Prepare(typeof(ClrThreadMap));
    }

    internal static void Prepare(Type type)
    {
        const System.Reflection.BindingFlags all = System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Instance
            | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.DeclaredOnly;
        foreach (System.Reflection.MethodInfo method in type.GetMethods(all))
            RuntimeHelpers.PrepareMethod(method.MethodHandle);
    }
}
