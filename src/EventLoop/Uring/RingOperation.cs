namespace GreenThreads;

/// <summary>What a completion of a ring is for. It lies in the ring's <see cref="OperationTable"/> from its submission to its last completion.</summary>
internal abstract class RingOperation
{
    /// <summary>What stands for it in the kernel, while it is in a table. Guarded by the ring's gate.</summary>
    internal ulong Key;

    /// <summary>Called under the ring's gate, by whoever looks at completions. Must neither block nor throw.</summary>
    /// <param name="result">What the system call would have returned, an error as its negative number.</param>
    /// <param name="flags">IORING_CQE_F_*.</param>
    /// <param name="ready">Gets whom it concerns.</param>
    internal abstract void OnCompletion(int result, uint flags, List<WaitNode> ready);
}
