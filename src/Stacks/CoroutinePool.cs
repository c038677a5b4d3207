namespace GreenThreads;

// Idle coroutines of one scheduler, last in, first out: the one that ran last has its stack in the cache. Owner scheduler only.
//
// A coroutine whose green thread recursed deeply keeps the pages that it touched. They are given back when it has rested for a while: at the
// first trim after its return it is only marked, at the second, if nobody has used it in between, its stack is trimmed. Under load the top of
// the pool is in use all the time and never pays for it.
internal sealed class CoroutinePool
{
    private readonly List<Coroutine> _idle = [];

    // _idle[0.._trimmed) have been trimmed and not used since; [_trimmed.._rested) have rested since the last trim.
    private int _trimmed;
    private int _rested;

    internal int Count => _idle.Count;

    /// <summary>Whether a later <see cref="Trim"/> has something to do.</summary>
    internal bool NeedsTrim => _trimmed < _idle.Count;

    internal bool TryTake(out Coroutine? coroutine)
    {
        int last = _idle.Count - 1;
        if (last < 0)
        {
            coroutine = null;
            return false;
        }
        coroutine = _idle[last];
        _idle.RemoveAt(last);
        _rested = Math.Min(_rested, last);
        _trimmed = Math.Min(_trimmed, last);
        return true;
    }

    internal void Return(Coroutine coroutine) => _idle.Add(coroutine);

    /// <summary>Moves those that have rested longest into the reserve, until a number is left.</summary>
    internal void MoveExcessTo(CoroutineReserve reserve, int left)
    {
        int count = _idle.Count - left;
        if (count <= 0)
            return;
        reserve.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_idle)[..count]);
        _idle.RemoveRange(0, count);
        _trimmed = Math.Max(_trimmed - count, 0);
        _rested = Math.Max(_rested - count, 0);
    }

    /// <summary>Trims the stacks that were idle since the last call.</summary>
    /// <returns>How many were trimmed.</returns>
    internal int Trim(int atMost = int.MaxValue)
    {
        int end = (int)Math.Min(_rested, (long)_trimmed + atMost);
        int count = end - _trimmed;
        for (; _trimmed < end; _trimmed++)
            _idle[_trimmed].TrimStack();
        // Those that a full batch left over have rested; who came since then has not.
        if (_trimmed == _rested)
            _rested = _idle.Count;
        return count;
    }
}
