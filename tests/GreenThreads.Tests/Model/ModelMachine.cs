namespace GreenThreads.Tests;

// Runs one world, a few model threads over some shared variables, along one schedule.
//
// A model thread is a coroutine; all run on one carrier, so nothing of the machine is shared. Every call of the seam is a step, and before each step
// the machine decides (Choose, in ModelMachine.Choose.cs) which thread makes its next one, and which buffered stores become visible. That is the
// memory of x86 (x86-TSO, Sewell et al. 2010):
//
//   write           goes to the end of the thread's own store buffer
//   read            the youngest store of the own buffer to that variable; if there is none, what all see
//   locked, fence   the own buffer becomes visible first, then what all see is changed, in one step
//   drain           at any time the oldest store of a buffer becomes visible
//
// A thread that waits (WaitUntil) cannot be chosen until its condition holds. When nobody can go on and all buffers are empty, the world is at rest:
// threads that may rest then are told so, any other thread that still waits is a deadlock.
internal sealed partial class ModelMachine
{
    private readonly TestCarrier _carrier;
    private readonly ModelMemory _memory = new();
    private readonly List<ModelThread> _threads = [];
    private readonly List<Action> _checks = [];
    private Action<int>? _invariant;
    private Range _invariantCells;
    private ModelThread? _running;
    private bool _isEnding;
    private bool _isPruned;
    private Exception? _failure;
    private int _stepsLeft;

    internal ModelMachine(TestCarrier carrier) => _carrier = carrier;

    /// <summary>The machine of the test that runs; tests run one at a time.</summary>
    internal static ModelMachine? Current { get; private set; }

    internal Schedule Schedule { get; } = new();

    /// <summary>The number of the thread that runs; not in checks.</summary>
    internal int RunningThread => _running!.Index;

    /// <summary>One line a step, if somebody wants them.</summary>
    internal List<string>? Trace { get; set; }

    /// <summary>How many steps a world may take; longer ones turn in a circle.</summary>
    internal int MaximumSteps { get; set; } = 2000;

    /// <summary>All steps of all worlds so far.</summary>
    internal long Steps { get; private set; }

    /// <summary>Makes the variables of an object known to the machine. While the world is made.</summary>
    /// <returns>Which variables.</returns>
    internal Range Register(string name, object value) => _memory.Register(name, value);

    /// <summary>Adds a thread. While the world is made.</summary>
    /// <param name="name">For people.</param>
    /// <param name="body">What it runs.</param>
    /// <param name="mayRest">Whether it may still wait at the end, as a scheduler does that sleeps.</param>
    internal void Thread(string name, Action body, bool mayRest = false) => _threads.Add(new ModelThread(_threads.Count, name, mayRest, body));

    /// <summary>Adds a check for when the world is at rest. It uses the seam like a thread that nobody interrupts.</summary>
    internal void AtRest(Action check) => _checks.Add(check);

    /// <summary>Sets a check for every change of some variables by a locked operation; it is told by which thread. It uses the seam as well.</summary>
    internal void Always(Range variables, Action<int> check) => (_invariantCells, _invariant) = (variables, check);

    /// <summary>Whether an array of a registered object holds a green thread, as all see it.</summary>
    internal bool HoldsAny(object owner) => _memory.HoldsAny(owner);

    /// <summary>A step that touches nothing of the memory, such as a system call.</summary>
    internal void Step(string operation)
    {
        BeginStep(isVisible: true);
        Note(operation);
    }

    /// <summary>Waits for something outside of the memory.</summary>
    /// <returns>False if the world is at rest and it will not come.</returns>
    internal bool WaitUntil(string what, Func<bool> condition)
    {
        ModelThread thread = _running!;
        while (!condition())
        {
            thread.Condition = condition;
            thread.WaitsFor = what;
            SwitchFrom(thread, Choose(thread));
            thread.Condition = null;
            if (_isEnding)
                return false;
        }
        return true;
    }

    // Before each step: lets others go first, if they are chosen.
    private void BeginStep(bool isVisible)
    {
        ModelThread? thread = _running;
        if (thread is null)
            return;
        if (_isEnding)
            throw new ModelEndException();
        if (--_stepsLeft < 0)
        {
            _isEnding = _isPruned = true;
            throw new ModelEndException();
        }
        if (thread.IsChosen)
            thread.IsChosen = false;
        else if (!isVisible)
            Schedule.Add(Tests.Schedule.Run(thread.Index));
        else
            SwitchFrom(thread, Choose(thread));
    }

    private void SwitchFrom(ModelThread thread, ModelThread? next)
    {
        if (next == thread)
            return;
        _next = next;
        thread.Coroutine!.Suspend();
        if (_isEnding && thread.Condition is null)
            throw new ModelEndException();
        if (thread.Condition is null)
            thread.IsChosen = false;
    }

    private void Note(string text) => Trace?.Add($"{_running?.Name ?? "check"}: {text}");

    /// <summary>Unwinds a thread of a world that has ended.</summary>
    private sealed class ModelEndException : Exception;
}
