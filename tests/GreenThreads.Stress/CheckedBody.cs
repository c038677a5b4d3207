using System.Globalization;
using System.Runtime.CompilerServices;

namespace GreenThreads.Stress;

/// <summary>One thread's checks. Each method pauses at the places that its name tells of, and looks at everything it had afterwards.</summary>
internal sealed class CheckedBody
{
    [ThreadStatic]
    private static string? t_reference;

    [ThreadStatic]
    private static int t_primitive;

    private static readonly AsyncLocal<int> s_asyncLocal = new();

    private readonly CheckedWorld _world;
    private readonly int _id;
    private readonly Random _random;
    private readonly int _managedId = Environment.CurrentManagedThreadId;
    private readonly string _name;
    private readonly CultureInfo _culture;
    private readonly List<string> _kept = [];
    private readonly DirectStatics _direct;
    private int _round;

    internal CheckedBody(CheckedWorld world, int id, int seed)
    {
        _world = world;
        _id = id;
        _random = new Random(seed);
        _name = "thread " + id;
        _culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        _culture.NumberFormat.NumberDecimalSeparator = ((char)('a' + id % 26)).ToString();
        _direct = new DirectStatics(id);
        t_reference = _name;
        t_primitive = id;
        s_asyncLocal.Value = id;
        CultureInfo.CurrentCulture = _culture;
        _direct.Store();
    }

    internal void Round()
    {
        _round++;
        Recurse(_random.Next(1, 24), new Node(null, _id, _name));
        Keep();
        switch (_round % 8)
        {
            case 0:
                PauseInCatch();
                break;
            case 1:
                PauseInFinally();
                break;
            case 2:
                PauseInFilter();
                break;
            case 3:
                PauseInNestedCatch();
                break;
            case 4:
                CatchHardwareExceptions();
                break;
            case 5:
                PauseInIterator();
                break;
            case 6:
                PauseInComparer();
                break;
            case 7 when _round % 64 == 7:
                RecurseDeeply(1500);
                break;
        }
        CheckThreadState();
        Pause();
        CheckThreadState();
    }

    private void Pause() => _world.Pause(_random);

    private void CheckThreadState()
    {
        Check.That(t_reference == _name, $"thread static of reference type: {t_reference} for {_name}");
        Check.That(t_primitive == _id, $"thread static of primitive type: {t_primitive} for {_id}");
        Check.That(s_asyncLocal.Value == _id, $"AsyncLocal: {s_asyncLocal.Value} for {_id}");
        Check.That(CultureInfo.CurrentCulture == _culture, "the current culture");
        Check.That(1.5.ToString(CultureInfo.CurrentCulture)[1] == 'a' + _id % 26, "formatting by the culture");
        Check.That(Environment.CurrentManagedThreadId == _managedId, "the managed thread id");
        _direct.Compare();
    }

    private int Recurse(int depth, Node node)
    {
        string text = "v" + depth;
        Span<int> onStack = stackalloc int[16];
        for (int i = 0; i < onStack.Length; i++)
            onStack[i] = depth * i + _id;
        ref int interior = ref node.Value;
        ref string element = ref new[] { text, _name }[1];
        int before = interior;
        if (depth == 0)
        {
            for (int i = 0; i < 3; i++)
                Pause();
            return 0;
        }
        int below = Recurse(depth - 1, new Node(node, depth, text));
        for (int i = 0; i < onStack.Length; i++)
            Check.That(onStack[i] == depth * i + _id, "memory from stackalloc");
        Check.That(text == "v" + depth && element == _name, "strings in locals");
        Check.That(interior == before && ReferenceEquals(node, node.Self), "a ref local into an object");
        Check.That(below == depth - 1, "a value returned across parks");
        return below + 1;
    }

    private int RecurseDeeply(int depth)
    {
        if (depth == 0)
        {
            Pause();
            return 0;
        }
        RuntimeHelpers.EnsureSufficientExecutionStack();
        object local = depth;
        int below = RecurseDeeply(depth - 1);
        Check.That((int)local == depth, "a boxed local deep down");
        return below + 1;
    }

    private void Keep()
    {
        _kept.Add(new string((char)('a' + _round % 26), _random.Next(1, 200)));
        if (_kept.Count > 50)
            _kept.RemoveRange(0, 25);
        foreach (string kept in _kept)
            Check.That(kept.AsSpan().IndexOfAnyExcept(kept[0]) < 0, "a kept string");
    }

    private void PauseInCatch()
    {
        object local = new Node(null, _round, _name);
        try
        {
            throw new InvalidOperationException("round " + _round);
        }
        catch (InvalidOperationException exception)
        {
            Pause();
            Check.That(exception.Message == "round " + _round, "the exception in a catch block");
            Check.That(exception.StackTrace!.Contains(nameof(PauseInCatch), StringComparison.Ordinal), "the stack trace of an exception");
        }
        Check.That(((Node)local).Value == _round, "a local of a method that caught");
    }

    private void PauseInFinally()
    {
        bool passed = false;
        try
        {
            try
            {
                throw new ArgumentException("thrown " + _id);
            }
            finally
            {
                Pause();
                passed = true;
            }
        }
        catch (ArgumentException exception)
        {
            Check.That(passed && exception.Message == "thrown " + _id, "an exception that passed a finally block that parked");
        }
        try
        {
            Pause();
        }
        finally
        {
            Pause();
        }
    }

    private void PauseInFilter()
    {
        try
        {
            throw new FormatException("filtered " + _round);
        }
        catch (FormatException exception) when (PauseAndAnswer(exception.Message == "filtered " + _round))
        {
            Pause();
        }
    }

    private bool PauseAndAnswer(bool answer)
    {
        Pause();
        return answer;
    }

    private void PauseInNestedCatch()
    {
        try
        {
            try
            {
                throw new InvalidOperationException("inner");
            }
            catch (InvalidOperationException inner)
            {
                Pause();
                throw new InvalidOperationException("outer", inner);
            }
        }
        catch (InvalidOperationException outer)
        {
            Pause();
            Check.That(outer.Message == "outer" && outer.InnerException!.Message == "inner", "nested exceptions");
            try
            {
                Pause();
                throw new TimeoutException("third");
            }
            catch (TimeoutException third)
            {
                Pause();
                Check.That(third.Message == "third", "an exception thrown in a catch block");
            }
        }
    }

    private void CatchHardwareExceptions()
    {
        int zero = _round - _round;
        object? nothing = zero == 0 ? null : this;
        try
        {
            _ = nothing!.GetHashCode();
            Check.That(false, "a null reference went through");
        }
        catch (NullReferenceException)
        {
            Pause();
        }
        try
        {
            _ = _id / zero;
            Check.That(false, "a division by zero went through");
        }
        catch (DivideByZeroException)
        {
            Pause();
        }
    }

    private void PauseInIterator()
    {
        int sum = 0;
        foreach (int value in Numbers(10))
        {
            sum += value;
            if (value % 3 == 0)
                Pause();
        }
        Check.That(sum == 45, "an iterator's state");
    }

    private IEnumerable<int> Numbers(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (i % 4 == 1)
                Pause();
            yield return i;
        }
    }

    private void PauseInComparer()
    {
        int[] values = new int[12];
        for (int i = 0; i < values.Length; i++)
            values[i] = _random.Next(100);
        int calls = 0;
        Array.Sort(values, (one, other) =>
        {
            if (++calls % 5 == 0)
                Pause();
            return one.CompareTo(other);
        });
        for (int i = 1; i < values.Length; i++)
            Check.That(values[i - 1] <= values[i], "a sort whose comparer parked");
    }

    private sealed class Node
    {
        internal int Value;

        internal Node(Node? next, int value, string text)
        {
            Next = next;
            Value = value;
            Text = text;
            Self = this;
        }

        internal Node? Next { get; }

        internal string Text { get; }

        internal Node Self { get; }
    }
}
