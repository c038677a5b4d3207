namespace GreenThreads;

/// <summary>A child of a supervisor as it was at one moment; for people and tools.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">What is the matter with it.</param>
/// <param name="Restart">When it is started again.</param>
/// <param name="Restarts">How often it was started again.</param>
/// <param name="LastFailure">What ended it last; null if nothing did.</param>
/// <param name="Thread">Its green thread; null if none runs.</param>
public sealed record SupervisedChild(string Name, SupervisedChildState State, RestartKind Restart, int Restarts, Exception? LastFailure, GreenThread? Thread)
{
    /// <summary>The child itself, if it is a supervisor too; otherwise null.</summary>
    public Supervisor? Supervisor => Thread is null ? null : GreenThreads.Supervisor.Of(Thread);
}
