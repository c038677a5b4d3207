namespace GreenThreads;

/// <summary>What is the matter with a child of a supervisor.</summary>
public enum SupervisedChildState
{
    /// <summary>It was started, and the supervisor has not learnt of an end.</summary>
    Running,

    /// <summary>The supervisor has cancelled it and waits for its end.</summary>
    Ending,

    /// <summary>It is to be started again.</summary>
    WaitingForRestart,

    /// <summary>It has ended and is not started again by itself; with its siblings it is (<see cref="RestartStrategy"/>).</summary>
    Completed,

    /// <summary>Somebody has stopped it: <see cref="Supervisor.StopChild"/>. Only <see cref="Supervisor.RestartChild"/> starts it again.</summary>
    Stopped,
}
