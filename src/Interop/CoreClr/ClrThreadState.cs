namespace GreenThreads;

/// <summary>A green thread's CLR Thread (T) and what it takes with it when it is unmounted. Native memory at a fixed address.</summary>
internal unsafe struct ClrThreadState
{
    /// <summary>The runtime's Thread object.</summary>
    public nint Thread;

    /// <summary>The OS id that tools see while it is unmounted; above every id that Linux gives (pid_max is 4,194,304 at most).</summary>
    public nint FakeOSId;

    /// <summary>The handle that the runtime made for it; it is back in place whenever the coroutine rests in the pool.</summary>
    public nint OwnHandle;

    /// <summary>Its thread statics while it is unmounted.</summary>
    public fixed byte SavedStatics[ClrLayout.ThreadStaticsSize];

    internal const nint FirstFakeOSId = 0x4000_0000;
}
