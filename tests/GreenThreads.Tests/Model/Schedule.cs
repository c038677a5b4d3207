using System.Globalization;
using System.Text;

namespace GreenThreads.Tests;

/// <summary>
/// What happened, in order, as a text that can be played again: <c>0*3</c> is three steps of thread 0, <c>~1</c> a store of thread 1 that becomes
/// visible, the oldest in its buffer, and <c>~1.2</c> the third oldest.
/// </summary>
internal sealed class Schedule
{
    private const int DrainFlag = 1 << 16;

    private readonly List<int> _actions = [];

    internal int Count => _actions.Count;

    internal int this[int index] => _actions[index];

    internal static int Run(int thread) => thread;

    internal static int Drain(int thread, int store) => DrainFlag | (store << 8) | thread;

    internal static bool IsDrain(int action) => (action & DrainFlag) != 0;

    internal static int ThreadOf(int action) => action & 0xFF;

    internal static int StoreOf(int action) => (action >> 8) & 0xFF;

    internal static Schedule Parse(string text)
    {
        var schedule = new Schedule();
        foreach (string token in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = token.TrimStart('~').Split('*', '.');
            int thread = Number(parts[0]);
            int argument = parts.Length > 1 ? Number(parts[1]) : -1;
            if (token.StartsWith('~'))
                schedule.Add(Drain(thread, Math.Max(argument, 0)));
            else
                schedule._actions.AddRange(Enumerable.Repeat(Run(thread), Math.Abs(argument)));
        }
        return schedule;

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    internal void Clear() => _actions.Clear();

    internal void Add(int action) => _actions.Add(action);

    public override string ToString()
    {
        var text = new StringBuilder();
        for (int i = 0; i < _actions.Count;)
        {
            int action = _actions[i];
            int end = i + 1;
            while (!IsDrain(action) && end < _actions.Count && _actions[end] == action)
                end++;
            text.Append(i == 0 ? "" : " ").Append(IsDrain(action) ? "~" : "").Append(CultureInfo.InvariantCulture, $"{ThreadOf(action)}");
            if (end - i > 1)
                text.Append(CultureInfo.InvariantCulture, $"*{end - i}");
            if (IsDrain(action) && StoreOf(action) != 0)
                text.Append(CultureInfo.InvariantCulture, $".{StoreOf(action)}");
            i = end;
        }
        return text.ToString();
    }
}
