namespace GreenThreads.Tests;

/// <summary>Two green threads that join each other once they are started. To be made by a green thread.</summary>
internal sealed class TwoJoiners
{
    private volatile bool _isStarted;

    internal TwoJoiners()
    {
        One = GreenThread.Spawn(() => JoinWhenStarted(() => Other!), "one");
        Other = GreenThread.Spawn(() => JoinWhenStarted(() => One), "other");
    }

    internal GreenThread One { get; }

    internal GreenThread Other { get; }

    internal void Start() => _isStarted = true;

    private void JoinWhenStarted(Func<GreenThread> other)
    {
        while (!_isStarted)
            GreenThread.Yield();
        other().Join();
    }
}
