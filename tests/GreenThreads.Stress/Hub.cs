namespace GreenThreads.Stress;

/// <summary>One that unparks its members and waits for all their answers, in the pairs world. Every wake-up counts: nobody is woken for another reason.</summary>
internal sealed class Hub
{
    private static readonly TimeSpan s_restAtEbb = TimeSpan.FromMilliseconds(2);

    private readonly PairsWorld _world;
    private readonly int _id;
    private readonly SchedulerGroup _group;
    private readonly Member[] _members;
    private readonly Parker _parker;
    private readonly bool _isOsThread;
    private readonly bool _isWokenByAll;
    private Thread? _osThread;
    private GreenThread? _thread;
    private int _unanswered;
    private long _rounds;

    internal Hub(PairsWorld world, int id, SchedulerGroup group, int seed, bool allStayApart)
    {
        _world = world;
        _id = id;
        _group = group;
        var random = new Random(seed);
        _isOsThread = id % 64 == 1;
        // Otherwise by the last: one wake-up that must not be lost, rather than several of which all but the last race the park.
        _isWokenByAll = random.Next(2) == 0;
        // Whoever may go anywhere goes where it is woken, so two such are soon together. Those of every second hub stay apart.
        bool staysApart = allStayApart || id % 2 == 0;
        _parker = new Parker(random.Next(), staysApart);
        _members = new Member[random.Next(1, 5)];
        for (int i = 0; i < _members.Length; i++)
            _members[i] = new Member(this, new Parker(random.Next(), staysApart), random.Next());
        Party = new Party($"hub {id}", Describe);
    }

    internal Party Party { get; }

    internal int Size => _members.Length + 1;

    internal long Pairs => _parker.Pairs + _members.Sum(static member => member.Parker.Pairs);

    internal long Moved => _parker.Moved + _members.Sum(static member => member.Parker.Moved);

    internal long Timeouts => _parker.Timeouts + _members.Sum(static member => member.Parker.Timeouts);

    internal long Crossings => _parker.Crossings + _members.Sum(static member => member.Parker.Crossings);

    internal void Start()
    {
        foreach (Member member in _members)
            member.Start();
        if (_isOsThread)
        {
            _osThread = new Thread(() => _world.Guard(Party.Name, Run)) { IsBackground = true, Name = Party.Name };
            _osThread.Start();
        }
        else
        {
            _thread = _group.Spawn(() => _world.Guard(Party.Name, Run));
        }
    }

    internal void Join()
    {
        _osThread?.Join();
        _thread?.Join();
    }

    private void Run()
    {
        GreenThread? self = GreenThread.Current;
        Volatile.Write(ref _thread, self);
        while (!_world.IsOver)
        {
            if (_world.IsActive(_id))
                _parker.RunBurst(Round);
            else
                GreenThread.Sleep(s_restAtEbb);
            Party.Step();
        }
        foreach (Member member in _members)
            member.End();
        Party.IsDone = true;
    }

    private void Round()
    {
        long round = ++_rounds;
        Volatile.Write(ref _unanswered, _members.Length);
        foreach (Member member in _members)
            member.Ask(round, _parker);
        if (_isOsThread)
        {
            var spin = new SpinWait();
            while (Volatile.Read(ref _unanswered) > 0)
                spin.SpinOnce(sleep1Threshold: -1);
            return;
        }
        for (int attempt = 0; Volatile.Read(ref _unanswered) > 0; attempt++)
            _parker.Park(attempt);
        Check.That(_unanswered == 0, "answers that nobody asked for");
    }

    private void Answer(Parker member)
    {
        bool isLast = Interlocked.Decrement(ref _unanswered) == 0;
        if ((isLast || _isWokenByAll) && !_isOsThread)
            member.Unpark(_thread!);
    }

    private string Describe() => $"{(_isOsThread ? "an OS thread" : _thread)}, {_parker}, asks {_rounds}, {Volatile.Read(ref _unanswered)} unanswered; "
        + string.Join("; ", _members.Select(static member => member.ToString()));

    private sealed class Member(Hub hub, Parker parker, int seed)
    {
        private GreenThread? _thread;
        private long _asked;
        private long _answered;
        private bool _isEnding;

        internal Parker Parker => parker;

        public override string ToString() => $"{_thread}, {parker}, asked {_asked}, answered {_answered}";

        internal void Start() => _thread = hub._group.Spawn(() => hub._world.Guard(hub.Party.Name + "'s member", Run));

        internal void Ask(long round, Parker asker)
        {
            Volatile.Write(ref _asked, round);
            asker.Unpark(_thread!);
        }

        internal void End()
        {
            Volatile.Write(ref _isEnding, true);
            _thread!.Unpark();
            _thread.Join();
        }

        private void Run()
        {
            var random = new Random(seed);
            while (!Volatile.Read(ref _isEnding))
            {
                if (random.Next(8) == 0)
                    hub._world.Mixer.Pass();
                parker.RunBurst(AnswerOne);
            }
        }

        private void AnswerOne()
        {
            for (int attempt = 0; Volatile.Read(ref _asked) == _answered; attempt++)
            {
                if (Volatile.Read(ref _isEnding))
                    return;
                parker.Park(attempt);
            }
            _answered++;
            Check.That(_asked == _answered, $"a member was asked {_asked} times and has answered {_answered}");
            hub.Answer(parker);
        }
    }
}
