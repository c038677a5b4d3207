using System.Numerics;

namespace GreenThreads.Tests;

// What may happen next, and how much of it is tried.
//
// To stay with the running thread is free, and so is any choice when it cannot go on. Everything else at a point where it could go on, another
// thread or a store of another thread that becomes visible, costs one preemption of a bound (Musuvathi and Qadeer 2007: most faults need two or
// less). Left out, because nobody could see a difference:
//   - stores of the running thread that become visible while it goes on; only before another thread runs
//   - other threads before a step on a variable that only one thread uses, or that nobody writes once the world is made. Which ones these are is
//     learnt while worlds run (IsSharingNew): a world in which one more turns out to be shared begins the exploration anew.
internal sealed partial class ModelMachine
{
    private readonly List<uint> _users = [];
    private readonly List<bool> _isWritten = [];
    private bool[] _isShared = [];
    private int[] _ways = new int[64];
    private int _wayCount;
    private ModelThread? _next;
    private IChoices _choices = null!;
    private int _preemptions;
    private int _preemptionsLeft;

    /// <summary>Whether a variable has been found to be shared since <see cref="UseSharing"/>.</summary>
    internal bool IsSharingNew { get; private set; }

    /// <summary>A fault of the machine: stores become visible in any order, save those to the same variable.</summary>
    internal bool StoresPassStores { get; set; }

    /// <summary>Sets who decides.</summary>
    /// <param name="choices">Who.</param>
    /// <param name="preemptions">How many preemptions a world may have; -1 for any number, and with nothing left out.</param>
    internal void Use(IChoices choices, int preemptions)
    {
        _choices = choices;
        _preemptions = preemptions;
    }

    /// <summary>From now on, steps on variables that are not known to be shared are not decided about.</summary>
    internal void UseSharing()
    {
        _isShared = [.. _users.Select((users, cell) => BitOperations.PopCount(users) > 1 && _isWritten[cell])];
        IsSharingNew = false;
    }

    private bool IsUnbounded => _preemptions < 0;

    private void BeginChoices() => _preemptionsLeft = IsUnbounded ? int.MaxValue : _preemptions;

    private bool IsShared(int cell) => IsUnbounded || (cell < _isShared.Length && _isShared[cell]);

    private void LearnSharing(int cell, bool isWrite)
    {
        if (_running is null)
            return;
        while (_users.Count <= cell)
        {
            _users.Add(0);
            _isWritten.Add(false);
        }
        uint users = _users[cell] | 1u << _running.Index;
        if (users == _users[cell] && (!isWrite || _isWritten[cell]))
            return;
        _users[cell] = users;
        _isWritten[cell] |= isWrite;
        IsSharingNew |= !IsShared(cell) && BitOperations.PopCount(users) > 1 && _isWritten[cell];
    }

    // Returns who makes the next step, after the stores that become visible before it; null if nobody can.
    private ModelThread? Choose(ModelThread? current)
    {
        bool canStay = current is not null && current.CanGoOn;
        if (canStay && _preemptionsLeft == 0)
            return Run(current!);
        bool mustLeave = false;
        bool isPaid = !canStay;
        while (true)
        {
            DrainPrivateStores();
            _wayCount = 0;
            if (canStay && !mustLeave)
                AddWay(Schedule.Run(current!.Index));
            if (isPaid || _preemptionsLeft > 0)
            {
                AddDrains(exceptOf: canStay && !IsUnbounded && !CanAnyRunBut(current!) ? current : null);
                AddOthers(current);
            }
            if (_wayCount == 0)
                return null;
            int action = _wayCount == 1 ? _ways[0] : _ways[_choices.Choose(_ways.AsSpan(0, _wayCount), canStay && !mustLeave)];
            ModelThread thread = _threads[Schedule.ThreadOf(action)];
            if (Schedule.IsDrain(action))
                Drain(thread, Schedule.StoreOf(action));
            if (!isPaid && (Schedule.IsDrain(action) || thread != current))
            {
                isPaid = true;
                _preemptionsLeft--;
            }
            if (!Schedule.IsDrain(action))
                return Run(thread, isChosenEarly: thread != current || !canStay);
            mustLeave |= thread == current && canStay && !IsUnbounded;
        }
    }

    private ModelThread Run(ModelThread thread, bool isChosenEarly = false)
    {
        Schedule.Add(Schedule.Run(thread.Index));
        thread.IsChosen = isChosenEarly;
        return thread;
    }

    private void Drain(ModelThread thread, int store)
    {
        Schedule.Add(Schedule.Drain(thread.Index, store));
        Trace?.Add($"    the store of {thread.Name} to {_memory.NameOf(thread.CellOfStore(store))} becomes visible");
        thread.Drain(_memory, store);
    }

    private void AddWay(int action)
    {
        if (_wayCount == _ways.Length)
            Array.Resize(ref _ways, 2 * _ways.Length);
        _ways[_wayCount++] = action;
    }

    // Stores first: so the first way of all is the one without store buffers.
    private void AddDrains(ModelThread? exceptOf)
    {
        foreach (ModelThread thread in _threads)
        {
            int last = thread == exceptOf ? 0 : StoresPassStores ? thread.StoreCount : Math.Min(thread.StoreCount, 1);
            for (int i = 0; i < last; i++)
            {
                if (thread.IsOldestOfItsCell(i))
                    AddWay(Schedule.Drain(thread.Index, i));
            }
        }
    }

    private void AddOthers(ModelThread? current)
    {
        foreach (ModelThread thread in _threads)
        {
            if (thread != current && thread.CanGoOn)
                AddWay(Schedule.Run(thread.Index));
        }
    }

    private bool CanAnyRunBut(ModelThread current)
    {
        foreach (ModelThread thread in _threads)
        {
            if (thread != current && thread.CanGoOn)
                return true;
        }
        return false;
    }

    private void DrainPrivateStores()
    {
        if (IsUnbounded)
            return;
        foreach (ModelThread thread in _threads)
        {
            while (thread.StoreCount > 0 && !IsShared(thread.CellOfStore(0)))
                Drain(thread, 0);
        }
    }
}
