namespace GreenThreads.Tests;

// One green thread, the carriers that run it, and wakers. The green thread waits for one condition after the other, parking whenever the next one does
// not hold, and goes on from wherever it parked on whichever carrier takes it. Its run queue is one number, not behind the seam: that no queue holds it
// twice is what is checked.
internal sealed class ParkWorld<TFaults>
    where TFaults : struct, IModelFaults
{
    private readonly ModelMachine _machine;
    private readonly int _wanted;

    // Behind the seam.
    private readonly int[] _conditions;
    private ParkState<ModelAtomics<TFaults>> _state;
    private int _permit;

    // Not behind the seam.
    private int _runnable = 1;
    private bool _isMounted;
    private int _met;
    private bool _isDone;

    /// <summary>Makes the world, with nobody who wakes yet.</summary>
    /// <param name="machine">Where it runs.</param>
    /// <param name="carriers">How many OS threads run the green thread, one at a time.</param>
    /// <param name="wanted">How many conditions it waits for; if none, it parks once for a permit.</param>
    internal ParkWorld(ModelMachine machine, int carriers, int wanted)
    {
        _machine = machine;
        _wanted = wanted;
        _conditions = new int[wanted];
        machine.Register("green", this);
        for (int i = 0; i < carriers; i++)
            machine.Thread($"carrier{i}", RunCarrier, mayRest: true);
        machine.AtRest(() => Assert.True(_isDone, "the green thread waits for what has happened"));
    }

    /// <summary>Adds a thread that makes conditions hold, one after the other, and wakes for each.</summary>
    internal void Waker(params int[] conditions) => _machine.Thread($"waker{conditions[0]}", () =>
    {
        foreach (int condition in conditions)
        {
            ModelAtomics<TFaults>.Write(ref _conditions[condition], 1);
            Wake();
        }
    });

    /// <summary>Adds a thread that does what GreenThread.Unpark does.</summary>
    internal void Unparker() => _machine.Thread("unparker", () =>
    {
        ModelAtomics<TFaults>.Exchange(ref _permit, 1);
        Wake();
    });

    /// <summary>Adds a thread that wakes for nothing, as one does that is late.</summary>
    internal void StaleWaker() => _machine.Thread("stale waker", Wake);

    private void Wake()
    {
        if (_state.Wake())
            MakeRunnable();
    }

    private void RunCarrier()
    {
        while (_machine.WaitUntil("something to run", () => _runnable > 0))
        {
            _runnable--;
            Assert.False(_isMounted, "the green thread is run by two");
            Assert.False(_isDone, "the green thread is run after its end");
            _isMounted = true;
            bool isParking = _wanted == 0 ? RunUntilPermit() : RunUntilConditions();
            if (!isParking)
            {
                _state.End();
                _isDone = true;
                return;
            }
            // The other side of the switch. No step between the end of the call and the two lines after it.
            bool isParked = _state.TryCompletePark();
            _isMounted = false;
            if (!isParked)
                MakeRunnable();
        }
    }

    private void MakeRunnable()
    {
        Assert.False(_isMounted, "the green thread was made runnable while it runs");
        Assert.False(_isDone, "the green thread was made runnable after its end");
        Assert.True(++_runnable == 1, "the green thread is runnable twice");
    }

    // As all that wait do: look, park, look again. False when it has what it waits for.
    private bool RunUntilConditions()
    {
        while (_met < _wanted)
        {
            if (ModelAtomics<TFaults>.Read(ref _conditions[_met]) != 0)
                _met++;
            else if (_state.TryBeginPark())
                return true;
        }
        return false;
    }

    // As GreenThread.Park.
    private bool RunUntilPermit()
    {
        while (ModelAtomics<TFaults>.Exchange(ref _permit, 0) == 0)
        {
            if (_state.TryBeginPark())
                return true;
        }
        return false;
    }
}
