namespace GreenThreads.Tests;

// Schedulers that search, sleep and wake as in the comment of SleepProtocol, submitters, and an injection queue of one place for each submission. The
// last step of an enqueue is a plain store, as it is in ConcurrentQueue; to take is a locked operation.
internal sealed partial class SleepWorld<TFaults> : ISleepHost
    where TFaults : struct, IModelFaults
{
    private readonly ModelMachine _machine;
    private readonly SleepProtocol<ModelAtomics<TFaults>> _protocol;
    private readonly Scheduler[] _schedulers;

    // Behind the seam.
    private readonly int[] _injected;

    // Not behind the seam: what really is, for the checks.
    private readonly bool[] _isStarted;
    private int _searching;
    private int _taken;
    private readonly int[] _interruptsBy = new int[8];

    /// <summary>Makes the world, with nobody who submits yet.</summary>
    /// <param name="machine">Where it runs.</param>
    /// <param name="schedulers">How many.</param>
    /// <param name="places">Of the injection queue: items 0 and following, to be submitted.</param>
    /// <param name="spawned">How many further items come into a scheduler's own queue.</param>
    /// <param name="searchLimit">How many may search; half of the schedulers if it is 0.</param>
    internal SleepWorld(ModelMachine machine, int schedulers, int places, int spawned = 0, int searchLimit = 0)
    {
        _machine = machine;
        _injected = new int[places];
        _isStarted = new bool[places + spawned];
        _schedulers = [.. Enumerable.Range(0, schedulers).Select(i => new Scheduler(this, i))];
        _protocol = new SleepProtocol<ModelAtomics<TFaults>>(schedulers, searchLimit == 0 ? Math.Max(1, schedulers / 2) : searchLimit, this);
        Range protocol = machine.Register("protocol", _protocol);
        machine.Register("world", this);
        foreach (Scheduler scheduler in _schedulers)
        {
            machine.Register($"{scheduler}", scheduler.Queue);
            machine.Thread($"{scheduler}", scheduler.Run, mayRest: true);
        }
        machine.Always(protocol, CheckCounts);
        machine.AtRest(Check);
    }

    /// <summary>Which looks at the queues find nothing, whatever is there: a fault of the host.</summary>
    internal Look Blind { get; init; }

    /// <summary>Whether a scheduler looks at the injection queue before it searches, so without a word to the protocol.</summary>
    internal bool TakesBeforeSearch { get; init; }

    /// <summary>What an item does. It may wait, as a green thread that computes for long; null for nothing.</summary>
    internal Action<Scheduler, int>? Body { get; init; }

    /// <summary>What is done for an event of a scheduler's own; null for nothing.</summary>
    internal Action? EventBody { get; init; }

    internal bool IsStarted(int item) => _isStarted[item];

    /// <summary>Adds a thread that submits to these places, one after the other.</summary>
    internal void Submitter(params int[] places) => _machine.Thread($"submitter{places[0]}", () =>
    {
        foreach (int place in places)
        {
            ModelAtomics<TFaults>.Write(ref _injected[place], 1);
            WakeAtMostOne(_protocol.Submitted);
        }
    });

    /// <summary>Adds a thread that is the kernel: it lets the poll of a scheduler return some times, with work for it alone.</summary>
    internal void Events(int scheduler, int count = 1) => _machine.Thread($"kernel{scheduler}", () =>
    {
        for (int i = 0; i < count; i++)
        {
            _machine.Step("own event");
            _schedulers[scheduler].PendingEvents++;
        }
    });

    public bool HasWorkFor(int scheduler)
    {
        bool isBlind = scheduler < 0 ? Blind == Look.AfterBrokenPromise : Blind == _schedulers[scheduler].Looks;
        return !isBlind && (AnyInjected() || _schedulers.Any(other => other.Queue.Count > 0));
    }

    public bool HasWorkToTake(int asker) => HasWorkFor(asker);

    public void Interrupt(int scheduler)
    {
        _machine.Step($"interrupt {scheduler}");
        _interruptsBy[_machine.RunningThread]++;
        _schedulers[scheduler].IsInterrupted = true;
    }

    private void WakeAtMostOne(Action call)
    {
        ref int interrupts = ref _interruptsBy[_machine.RunningThread];
        int before = interrupts;
        call();
        Assert.InRange(interrupts - before, 0, 1);
    }

    private bool AnyInjected()
    {
        for (int i = 0; i < _injected.Length; i++)
        {
            if (ModelAtomics<TFaults>.Read(ref _injected[i]) != 0)
                return true;
        }
        return false;
    }

    private bool TryTakeInjected(out int item)
    {
        for (item = 0; item < _injected.Length; item++)
        {
            if (ModelAtomics<TFaults>.Read(ref _injected[item]) != 0 && ModelAtomics<TFaults>.CompareExchange(ref _injected[item], 0, 1) == 1)
                return true;
        }
        return false;
    }

    // The count is never less than there are, so that nobody is woken while somebody searches; and who is woken counts until it searches itself.
    private void CheckCounts(int byThread)
    {
        Assert.InRange(_protocol.Searching, _searching, int.MaxValue);
        foreach (Scheduler scheduler in _schedulers)
        {
            bool wasAsleep = scheduler.IsAsleep;
            scheduler.IsAsleep = _protocol.IsAsleep(scheduler.Index);
            if (!wasAsleep || scheduler.IsAsleep || scheduler.Index == byThread)
                continue;
            scheduler.IsTaken = true;
            Assert.True(++_taken == 1, "two are woken at once");
        }
    }

    private void Check()
    {
        for (int i = 0; i < _isStarted.Length; i++)
            Assert.True(_isStarted[i], $"all sleep, and item {i} has not been run");
        Assert.Equal(0, _searching);
        Assert.Equal(0, _taken);
        Assert.Equal(0, _protocol.Searching);
        Assert.All(_schedulers, scheduler => Assert.True(scheduler.PendingEvents == 0 && scheduler.Queue.Count == 0, $"{scheduler} sleeps beside its work"));
        Assert.All(_schedulers, scheduler => Assert.False(scheduler.IsBlocked, $"{scheduler} waits in what it runs"));
        // Taken, and not woken: nobody would ever wake it.
        Assert.All(_schedulers, scheduler => Assert.True(_protocol.IsAsleep(scheduler.Index), $"{scheduler} sleeps as nobody's sleeper"));
    }

    internal enum Look
    {
        None,
        AtEndOfSearch,
        BeforeSleep,
        AfterBrokenPromise,
    }
}
