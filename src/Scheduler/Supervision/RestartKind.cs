namespace GreenThreads;

/// <summary>When a child is started again after its end.</summary>
public enum RestartKind
{
    /// <summary>Always, also when its body has returned: it is to run for ever.</summary>
    Permanent,

    /// <summary>
    /// When it has failed: not when its body has returned, nor when it was cancelled for its own sake (<see cref="GreenThread.Cancel()"/>); but when the
    /// cancellation was caused by the failure of somebody it was linked with.
    /// </summary>
    Transient,

    /// <summary>Never, also not with its siblings. When it has ended, the supervisor forgets it.</summary>
    Temporary,
}
