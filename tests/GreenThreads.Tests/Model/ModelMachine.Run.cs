namespace GreenThreads.Tests;

// One world from its making to its end.
internal sealed partial class ModelMachine
{
    // Kept for the next test: coroutines live as long as the process.
    private static readonly List<Coroutine?> s_coroutines = [];

    /// <summary>Makes a world and runs it to its end.</summary>
    /// <returns>What went wrong, or null.</returns>
    internal Exception? Run(Action<ModelMachine> world, out bool isPruned)
    {
        Current = this;
        _memory.Clear();
        _threads.Clear();
        _checks.Clear();
        _invariant = null;
        Schedule.Clear();
        Trace?.Clear();
        _isEnding = _isPruned = false;
        _failure = null;
        _stepsLeft = MaximumSteps;
        BeginChoices();
        world(this);
        RunToRest();
        if (!_isEnding)
            Check();
        End();
        Steps += MaximumSteps - _stepsLeft;
        Current = null;
        isPruned = _isPruned;
        return _failure;
    }

    private void RunToRest()
    {
        ModelThread? next = Choose(null);
        while (next is not null)
        {
            Resume(next);
            if (_isEnding)
                return;
            next = next.IsDone ? Choose(next) : _next;
        }
    }

    private void Resume(ModelThread thread)
    {
        if (thread.Coroutine is null)
        {
            thread.Coroutine = TakeCoroutine(thread.Index);
            thread.Coroutine.Start(() => RunBody(thread));
        }
        _running = thread;
        _carrier.Resume(thread.Coroutine);
        _running = null;
    }

    private Coroutine TakeCoroutine(int index)
    {
        while (s_coroutines.Count <= index)
            s_coroutines.Add(null);
        Coroutine? coroutine = s_coroutines[index];
        // One that is not idle was left by a test that failed in the machine itself.
        if (coroutine is not { IsIdle: true })
        {
            s_coroutines[index] = coroutine = _carrier.Create(() => { });
            _carrier.Finish(coroutine);
        }
        return coroutine;
    }

    private void RunBody(ModelThread thread)
    {
        try
        {
            thread.Body();
        }
        catch (ModelEndException)
        {
        }
        catch (Exception failure)
        {
            _failure ??= failure;
            _isEnding = true;
        }
        thread.IsDone = true;
    }

    private void Check()
    {
        try
        {
            foreach (ModelThread thread in _threads)
            {
                if (!thread.IsDone && !thread.MayRest)
                    throw new InvalidOperationException($"deadlock: {thread.Name} waits for {thread.WaitsFor}, and nobody else can go on");
            }
            foreach (Action check in _checks)
                check();
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }

    // Lets the threads that are left run to their ends: waits return false, steps throw.
    private void End()
    {
        _isEnding = true;
        foreach (ModelThread thread in _threads)
        {
            while (!thread.IsDone && thread.Coroutine is not null)
                Resume(thread);
        }
    }

    private void CheckInvariant(int changed)
    {
        if (_invariant is null || _running is not { } thread || changed < _invariantCells.Start.Value || changed >= _invariantCells.End.Value)
            return;
        _running = null;
        List<string>? trace = Trace;
        Trace = null;
        try
        {
            _invariant(thread.Index);
        }
        finally
        {
            _running = thread;
            Trace = trace;
        }
    }
}
