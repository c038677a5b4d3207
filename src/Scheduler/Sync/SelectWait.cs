using System.Diagnostics;

namespace GreenThreads;

// A wait for one of several things: what Select does, and what a waiter keeps from one select to the next, so that it allocates nothing.
//
//   enter   mark the cases as used, put them into a random order, their primitives into the order of their numbers
//   look    the watching cases, without a gate, up to the first that is ready
//           all gates: the taking cases that come before that one, each tries to take; the first that can is it, or else the watching one
//           nothing at all: the word is opened, and every taking case puts its node into its list, still under all gates
//   arm     the watching cases see to it that somebody wakes us; the gates are free
//   park    until the word says which case was chosen. A counterpart that takes a node out chooses its case; for watching cases the waiter looks itself
//           after each wake-up, and chooses itself, which a counterpart may have done before
//   leave   each taking case once more under its gate: out of the list with the node. Each watching case: disarm. Then the marks
//
// All gates at once, because between two looks one by one things may change places: what was in the second comes into the first, and a select with a default case
// would see neither. And because two selects may meet from both sides: each would have to choose in its own word and in the other's in one step.
//
// A select does not find itself: when it looks, none of its nodes is in a list, and when they are in, it looks no more.
//
// Leaving takes each gate, also where the node is out of its list already, and also that of the chosen case: a counterpart may be between taking the node out
// and asking the word, and would otherwise choose a case of the next select by mistake; or it may not have handed over yet all that it owes.
//
// Giving up (cancellation, Thread.Interrupt, a descriptor that was closed) asks the word as everybody does. If a case was chosen before, the select has
// got something, and returns as if nothing had happened: a cancelled green thread learns of it at its next park.
//
// Rejected: entering one list after the other, looking under each gate alone (crossbeam, Kotlin). Cheaper with many cases, but see above: it needs a retry
// where two selects meet.

/// <summary>One select of a waiter, and what the next one uses again.</summary>
internal sealed class SelectWait
{
    private const int InitialCapacity = 4;

    private static readonly Comparison<GreenPrimitive> s_byNumber = static (one, other) => one.Number.CompareTo(other.Number);

    private SelectWord<HardwareAtomics> _word;

    // The enabled cases, in the order in which they are looked at.
    private SelectCase[] _cases = new SelectCase[InitialCapacity];
    private int _count;

    // Whose gates are taken, in this order, each once.
    private GreenPrimitive[] _primitives = new GreenPrimitive[InitialCapacity];
    private int _primitiveCount;

    // Asynchronous code that waits to hear that somebody waits at a channel; null as long as there was none.
    private List<WaitNode>? _watches;

    private bool _hasWatching;
    private Deadline _deadline;
    private ulong _random;

    private SelectWait(Waiter waiter)
    {
        Waiter = waiter;
        // Where the group has a seed, the scheduler's numbers are the same in each run.
        _random = (Scheduler.Current?.NextRandom() ?? (ulong)Random.Shared.NextInt64()) | 1;
    }

    internal Waiter Waiter { get; }

    /// <summary>That of the calling code.</summary>
    internal static SelectWait Current
    {
        get
        {
            Waiter waiter = Waiter.Current;
            return (SelectWait)(waiter.SelectState ??= new SelectWait(waiter));
        }
    }

    /// <summary>Does all of it.</summary>
    /// <returns>The index of the case that was chosen; -1 if there is none and it may not wait.</returns>
    internal int Run(ReadOnlySpan<SelectCase?> cases, bool mayWait)
    {
        // Before anything is taken: a cancellation must not come between an item and its receiver.
        EventLoopHost.Current.SpendBudget();
        Enter(cases);
        int index;
        try
        {
            SelectCase? chosen = Look(mayWait);
            if (chosen is null && mayWait)
                chosen = Wait(cases);
            chosen?.Complete();
            index = chosen?.Index ?? -1;
        }
        catch
        {
            // Not in a finally block: filters of the caller's run before those, and may begin another select.
            Leave();
            throw;
        }
        Leave();
        return index;
    }

    /// <summary>For a counterpart that has taken a node of a case out of its list, under the gate; and for the waiter itself.</summary>
    internal bool TryChoose(int index) => _word.TryChoose(index);

    /// <summary>
    /// What it waits for: each <see cref="GreenPrimitive"/> and <see cref="GreenThread"/>. For tools, while the waiter is parked and
    /// <see cref="Waiter.WaitsFor"/> is this. Other things that it waits for are left out; then <see cref="Waiter.WaitsForNothingElse"/> is false.
    /// </summary>
    internal void CopyTargetsTo(List<object> targets)
    {
        SelectCase[] cases = _cases;
        for (int i = 0; i < Math.Min(_count, cases.Length); i++)
        {
            if (Volatile.Read(ref cases[i])?.Target is { } target && !targets.Contains(target))
                targets.Add(target);
        }
    }

    /// <summary>What it waits for, for people.</summary>
    public override string ToString()
    {
        SelectCase[] cases = _cases;
        return $"select of {string.Join(", ", cases.Take(_count).Where(one => one is not null).OrderBy(one => one.Index))}";
    }

    private void Enter(ReadOnlySpan<SelectCase?> cases)
    {
        Debug.Assert(_count == 0, "a waiter waits in one select at a time");
        if (_cases.Length < cases.Length)
        {
            _cases = new SelectCase[cases.Length];
            _primitives = new GreenPrimitive[cases.Length];
        }
        _hasWatching = false;
        _deadline = Deadline.Never;
        for (int i = 0; i < cases.Length; i++)
        {
            if (cases[i] is { } one)
                Enter(one, i);
        }
        if (_primitiveCount > 1)
            OrderPrimitives();
    }

    private void Enter(SelectCase one, int index)
    {
        bool isEntered = false;
        try
        {
            isEntered = one.TryEnter(this, index);
            if (!isEntered)
                throw new InvalidOperationException($"case {index} ({one}) is in use: by another select, or twice by this one");
            _deadline = Deadline.Earlier(_deadline, one.Begin());
        }
        catch
        {
            if (isEntered)
                one.Leave();
            Leave();
            throw;
        }
        int place = NextRandom(_count + 1);
        _cases[_count++] = _cases[place];
        _cases[place] = one;
        if (one.Primitive is not { } primitive)
        {
            _hasWatching = true;
            return;
        }
        _primitives[_primitiveCount++] = primitive;
        if (Waiter is OsThreadWaiter caller)
            primitive.NoteOutsideHolder(caller);
    }

    private void OrderPrimitives()
    {
        Span<GreenPrimitive> primitives = _primitives.AsSpan(0, _primitiveCount);
        // In a loop over the same cases they are in order most of the time: made one after the other, named one after the other.
        bool isOrdered = true;
        for (int i = 1; i < primitives.Length; i++)
            isOrdered &= primitives[i - 1].Number < primitives[i].Number;
        if (isOrdered)
            return;
        primitives.Sort(s_byNumber);
        int count = 1;
        for (int i = 1; i < primitives.Length; i++)
        {
            if (primitives[i] != primitives[count - 1])
                primitives[count++] = primitives[i];
        }
        primitives[count..].Clear();
        _primitiveCount = count;
    }

    // Null if there is nothing; then, if it may wait, the nodes are in their lists.
    private SelectCase? Look(bool mayWait)
    {
        int firstReady = _hasWatching ? FirstReady() : _count;
        SelectCase? chosen = firstReady < _count ? _cases[firstReady] : null;
        if (_primitiveCount == 0)
        {
            _word.Open();
            return chosen;
        }
        WaitNode? toWake = null;
        EnterGates();
        try
        {
            for (int i = 0; i < firstReady; i++)
            {
                if (_cases[i] is { Primitive: not null } one && one.TryTakeLocked(out toWake))
                {
                    chosen = one;
                    break;
                }
            }
            if (chosen is null && mayWait)
                AddNodes();
        }
        finally
        {
            ExitGates(); // There may be no memory for a buffer that must grow; nothing has happened then.
        }
        toWake?.Wake();
        WakeWatches();
        return chosen;
    }

    private int FirstReady()
    {
        int i = 0;
        while (i < _count && (_cases[i].Primitive is not null || !_cases[i].IsReady()))
            i++;
        return i;
    }

    private void EnterGates()
    {
        for (int i = 0; i < _primitiveCount; i++)
            _primitives[i].Gate.EnterBare();
    }

    private void ExitGates()
    {
        for (int i = _primitiveCount - 1; i >= 0; i--)
            _primitives[i].Gate.Exit();
    }

    private void AddNodes()
    {
        _word.Open();
        for (int i = 0; i < _count; i++)
        {
            if (_cases[i].Primitive is not null && _cases[i].AddLocked() is { } toWake)
                (_watches ??= []).Add(toWake);
        }
    }

    private void WakeWatches()
    {
        if (_watches is not { Count: > 0 } watches)
            return;
        foreach (WaitNode watch in watches)
            watch.Wake();
        watches.Clear();
    }

    private SelectCase? Wait(ReadOnlySpan<SelectCase?> cases)
    {
        Waiter.WaitsForNothingElse = !MayEndFromElsewhere();
        Waiter.WaitsFor = this;
        try
        {
            if (_hasWatching)
                Arm();
            while (_word.Chosen < 0)
            {
                if (!_hasWatching || !TryChooseReady())
                    Waiter.ParkCore(_deadline);
            }
        }
        catch (Exception exception) when (!_word.TryGiveUp())
        {
            // It has got something all the same. A green thread that is cancelled learns of it at its next park, an interrupted OS thread at its next wait,
            // and a case that fails will fail again.
            if (exception is ThreadInterruptedException)
                Thread.CurrentThread.Interrupt();
        }
        finally
        {
            Waiter.WaitsFor = null;
            RemoveNodes();
        }
        return cases[_word.Chosen];
    }

    private bool MayEndFromElsewhere()
    {
        bool mayEnd = false;
        for (int i = 0; i < _count; i++)
            mayEnd |= _cases[i].MayEndFromElsewhere;
        return mayEnd;
    }

    // Whatever is ready already ends the wait; the rest need not be armed.
    private void Arm()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_cases[i].Primitive is null && _cases[i].Arm(Waiter))
            {
                _word.TryChoose(_cases[i].Index);
                return;
            }
        }
    }

    // False if nothing is ready. True also if a counterpart was faster.
    private bool TryChooseReady()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_cases[i].Primitive is null && _cases[i].IsReadyNow(Waiter))
            {
                _word.TryChoose(_cases[i].Index);
                return true;
            }
        }
        return false;
    }

    private void RemoveNodes()
    {
        for (int i = 0; i < _count; i++)
        {
            SelectCase one = _cases[i];
            if (one.Primitive is not { } primitive)
            {
                one.Disarm();
                continue;
            }
            primitive.Gate.EnterBare();
            one.RemoveLocked();
            primitive.Gate.Exit();
        }
    }

    private void Leave()
    {
        for (int i = 0; i < _count; i++)
        {
            _cases[i].End();
            _cases[i].Leave();
        }
        _cases.AsSpan(0, _count).Clear();
        _primitives.AsSpan(0, _primitiveCount).Clear();
        _count = 0;
        _primitiveCount = 0;
    }

    // xorshift64*, Vigna 2016, of which the high half is taken.
    private int NextRandom(int bound)
    {
        if (bound == 1)
            return 0;
        _random ^= _random >> 12;
        _random ^= _random << 25;
        _random ^= _random >> 27;
        return (int)(((_random * 0x2545F4914F6CDD1DUL) >> 32) * (uint)bound >> 32);
    }
}
