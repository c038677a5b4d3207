namespace GreenThreads;

/// <summary>An operation of a <see cref="FileRing"/>, and who waits for it. Used again and again.</summary>
internal sealed class FileOperation : RingOperation
{
    private bool _isDone;

    internal Waiter? Waiter { get; set; }

    /// <summary>What the system call would have returned, an error as its negative number. Means something when done.</summary>
    internal int Result { get; private set; }

    internal bool IsDone => Volatile.Read(ref _isDone); // Acquire: pairs with the release below; what the kernel wrote is there.

    internal FileOperation? NextFree { get; set; }

    internal void Begin(Waiter waiter)
    {
        Waiter = waiter;
        _isDone = false;
    }

    internal override void OnCompletion(int result, uint flags, List<WaitNode> ready) => End(result, ready);

    /// <summary>Under the ring's gate.</summary>
    /// <param name="result">Of the system call.</param>
    /// <param name="ready">Gets who waits; null if that is the caller.</param>
    internal void End(int result, List<WaitNode>? ready)
    {
        Waiter waiter = Waiter!;
        Result = result;
        Volatile.Write(ref _isDone, true); // From here on its owner may give it back.
        ready?.Add(waiter);
    }
}
