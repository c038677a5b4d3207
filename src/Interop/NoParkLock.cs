namespace GreenThreads;

/// <summary>
/// A lock for what schedulers need too, held for longer than a <see cref="SpinGate"/>: whoever waits for it blocks its OS thread instead of parking, so that no
/// green thread can be the next owner and unable to run. Use as: using (_gate.Enter()) { ... }
/// </summary>
internal sealed class NoParkLock
{
    private readonly Lock _lock = new();

    internal Scope Enter() => new(NoPark.Enter(), _lock.EnterScope());

    internal readonly ref struct Scope(NoPark noPark, Lock.Scope scope)
    {
        private readonly NoPark _noPark = noPark;
        private readonly Lock.Scope _scope = scope;

        public void Dispose()
        {
            _scope.Dispose();
            _noPark.Dispose();
        }
    }
}
