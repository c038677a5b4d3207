namespace GreenThreads;

/// <summary>What happens when an exception leaves a green thread's body.</summary>
public enum UnhandledExceptionPolicy
{
    /// <summary>
    /// It ends the green thread and is kept for <see cref="GreenThread.Join()"/>; if nobody ever asks for it,
    /// <see cref="SchedulerGroup.UnobservedException"/> is raised.
    /// </summary>
    Keep,

    /// <summary>It ends the process, as an unhandled exception of an OS thread does.</summary>
    Crash,
}
