using System.Text;

namespace GreenThreads;

/// <summary>
/// Where CoreCLR keeps what a switch must change: offsets in bytes inside its Thread object and inside libcoreclr's thread-local block.
/// Immutable; made by <see cref="ClrLayoutProbe"/>, which says where each comes from.
/// </summary>
internal sealed record ClrLayout
{
    /// <summary>Bytes of the runtime's ThreadLocalData: counts, two arrays, thread, in-flight data, blocking info, and the direct room.</summary>
    internal const int ThreadStaticsSize = 96;

    /// <summary>Where in ThreadLocalData primitive thread statics of some types lie directly; it extends to its end.</summary>
    internal const int DirectRoomOffset = 48;

    // Fields of ThreadLocalData: of the array with the thread statics of all classes but those that can be unloaded, which have a table of their own, and
    // the list of those that were touched while their class was being initialised.
    internal const int NonCollectibleCountOffset = 0;
    internal const int CollectibleCountOffset = 4;
    internal const int NonCollectibleArrayOffset = 8;
    internal const int CollectibleArrayOffset = 16;
    internal const int InFlightDataOffset = 32;

    /// <summary>The count is that of the array's elements and these.</summary>
    internal const int UnusedNonCollectibleIndexes = 2;

    /// <summary>What the runtime keeps above a stack's limit before EnsureSufficientExecutionStack throws (MinExecutionStackSize).</summary>
    internal const int SufficientStackMargin = 128 * 1024;

    /// <summary>The same for stack allocations that may be moved to the heap (MinExecutionStackSize of the non-risky kind).</summary>
    internal const int NonRiskyStackMargin = 512 * 1024;

    internal required string BuildId { get; init; }

    // Fields of Thread.
    internal required int ThreadId { get; init; }
    internal required int OSId { get; init; }
    internal required int PreemptiveGCDisabled { get; init; }
    internal required int Frame { get; init; }
    internal required int RuntimeThreadLocals { get; init; }
    internal required int ThreadLocalDataPtr { get; init; }

    /// <summary>m_CacheStackBase, followed by the limit and two execution limits.</summary>
    internal required int StackBounds { get; init; }
    internal required int ThreadHandle { get; init; }
    internal required int HasPendingActivation { get; init; }

    // Offsets in libcoreclr's thread-local block.
    internal required int CurrentThreadSlot { get; init; }
    internal required int ThreadStatics { get; init; }

    /// <summary>Address of the global that heads the runtime's map from OS thread id to Thread, which its signal handler reads.</summary>
    internal required nint ThreadMapHead { get; init; }

    /// <summary>How the pending-activation byte was found.</summary>
    internal required string PendingActivationSource { get; init; }

    internal string Describe()
    {
        var text = new StringBuilder();
        Line("build id of libcoreclr", BuildId, "ELF note");
        Line("Thread.Id", ThreadId, "contract descriptor, compared with the managed thread id");
        Line("Thread.OSId", OSId, "contract descriptor, compared with gettid");
        Line("Thread.PreemptiveGCDisabled", PreemptiveGCDisabled, "contract descriptor, compared with the mode of managed code");
        Line("Thread.Frame", Frame, "contract descriptor");
        Line("Thread.RuntimeThreadLocals", RuntimeThreadLocals, "contract descriptor, points into the thread-local block");
        Line("Thread.ThreadLocalDataPtr", ThreadLocalDataPtr, "contract descriptor, points into the thread-local block");
        Line("Thread.m_CacheStackBase", StackBounds, "shape: base, limit and two execution limits, compared with pthread_getattr_np");
        Line("Thread.m_ThreadHandle", ThreadHandle, "shape: [handle][-1][-1][1] before OSId");
        Line("Thread.m_hasPendingActivation", HasPendingActivation, PendingActivationSource);
        Line("t_CurrentThreadInfo.m_pThread", CurrentThreadSlot, "shape: the thread-local word equal to the Thread outside t_ThreadStatics");
        Line("t_ThreadStatics", ThreadStatics, "where Thread.ThreadLocalDataPtr points");
        Line("signal-safe thread map", $"0x{ThreadMapHead:x}", "shape: a pointer in a writable segment to a table with {OS thread id, Thread} in its own slot");
        return text.ToString();

        void Line(string name, object value, string source) => text.AppendLine($"  {name,-32} {value,-18} {source}");
    }
}
