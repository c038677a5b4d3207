namespace GreenThreads;

/// <summary>
/// What takes a place, or several, among the handles that a waiter thread waits for: one handle and all who wait for it, in the order of their arrival, or the
/// handles of one wait for any of several.
/// </summary>
/// <remarks>
/// Thousands may wait for the same handle: that of a contended lock, or an event that opens a gate. As one of them at least has not returned from its wait,
/// the handle stays open, and its number means the same object to all.
/// </remarks>
internal sealed class HandlePlace(HandleWaiter waiter, IntPtr[] handles)
{
    internal HandleWaiter Waiter { get; } = waiter;

    internal IntPtr[] Handles { get; } = handles;

    /// <summary>Those who wait, and those who are in the waiter's inbox. Guarded by the gate of <see cref="HandleWaiters"/>.</summary>
    internal int Users { get; set; }

    /// <summary>Those who wait. Waiter thread only.</summary>
    internal LinkedList<HandleWait> Waits { get; } = [];
}
