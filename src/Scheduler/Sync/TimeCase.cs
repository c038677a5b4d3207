namespace GreenThreads;

/// <summary>A time has passed: since the select began, or since a point of its own.</summary>
internal sealed class TimeCase : SelectCase
{
    private readonly TimeSpan _time;
    private readonly bool _isFixed;

    // Of the select that uses it.
    private Deadline _deadline;

    internal TimeCase(TimeSpan time, bool isFixed)
    {
        _time = time;
        _isFixed = isFixed;
        _deadline = Deadline.After(time); // Also when it counts anew each time: here it says whether the time makes sense.
    }

    internal override bool MayEndFromElsewhere => !_deadline.IsNever;

    public override string ToString() => _isFixed ? "a deadline" : $"{_time} passed";

    internal override Deadline Begin()
    {
        if (!_isFixed)
            _deadline = Deadline.After(_time);
        return _deadline;
    }

    internal override bool IsReady() => _deadline.HasPassed;

    // The deadline of the park is that of the earliest.
    internal override bool Arm(Waiter waiter) => false;
}
