namespace GreenThreads.Tests;

// Selects that meet at rendezvous, as SelectWait does it: who only sends or receives is a select with one case. The word is behind the seam; lists and gates
// are not: what a gate guards changes under it only, so it is enough that taking one is a step, and that who frees it has made its stores visible.
internal sealed class SelectWorld<TFaults>
    where TFaults : struct, IModelFaults
{
    private readonly ModelMachine _machine;
    private readonly Rendezvous[] _rendezvous;
    private readonly List<Selector> _selectors = [];

    internal SelectWorld(ModelMachine machine, int rendezvous)
    {
        _machine = machine;
        _rendezvous = [.. Enumerable.Range(0, rendezvous).Select(_ => new Rendezvous())];
        machine.AtRest(CheckThatNothingIsLost);
    }

    /// <summary>Whether leaving skips the gates of nodes that are out of their lists. That is a fault.</summary>
    internal bool TrustsThatItIsOutOfTheList { get; init; }

    /// <summary>Adds a thread that selects once in each round; a case is a rendezvous and whether it sends there.</summary>
    internal Selector Add(string name, params (int At, bool Sends)[][] rounds)
    {
        var selector = new Selector(this, name, rounds);
        _selectors.Add(selector);
        _machine.Register(name, selector);
        return selector;
    }

    internal static (int At, bool Sends) Send(int at) => (at, true);

    internal static (int At, bool Sends) Receive(int at) => (at, false);

    private void Enter(int rendezvous)
    {
        _machine.Step($"gate {rendezvous}");
        _machine.WaitUntil($"gate {rendezvous}", () => !_rendezvous[rendezvous].IsHeld);
        _rendezvous[rendezvous].IsHeld = true;
        ModelAtomics<TFaults>.Fence();
    }

    private void Exit(int rendezvous)
    {
        ModelAtomics<TFaults>.Fence();
        _rendezvous[rendezvous].IsHeld = false;
    }

    private void CheckThatNothingIsLost()
    {
        int[] sent = [.. _selectors.SelectMany(one => one.Sent).Order()];
        int[] received = [.. _selectors.SelectMany(one => one.Received).Order()];
        Assert.Equal(sent, received);
        foreach (Selector one in _selectors)
            Assert.True(one.IsDone || one.MayRest, $"{one.Name} waits for ever");
        foreach (Node node in _rendezvous.SelectMany(one => one.Senders.Concat(one.Receivers)))
            Assert.False(node.Owner.IsDone, $"{node.Owner.Name} has left a node behind");
        foreach (Rendezvous one in _rendezvous)
            Assert.DoesNotContain(one.Senders, sender => one.Receivers.Any(receiver => receiver.Owner != sender.Owner));
    }

    internal sealed class Selector
    {
        private readonly SelectWorld<TFaults> _world;
        private readonly (int At, bool Sends)[][] _rounds;
        private SelectWord<ModelAtomics<TFaults>> _word;
        private bool _isWoken;
        private bool _isCanceled;

        internal Selector(SelectWorld<TFaults> world, string name, (int At, bool Sends)[][] rounds)
        {
            (_world, Name, _rounds) = (world, name, rounds);
            world._machine.Thread(name, Run, mayRest: true);
        }

        internal string Name { get; }

        /// <summary>Whether nobody may come for it at the end.</summary>
        internal bool MayRest { get; set; }

        internal bool IsDone { get; private set; }

        internal List<int> Sent { get; } = [];

        internal List<int> Received { get; } = [];

        /// <summary>Adds a thread that cancels it.</summary>
        internal void Canceler() => _world._machine.Thread($"canceler of {Name}", () =>
        {
            _world._machine.Step("cancel");
            _isCanceled = true;
            _isWoken = true;
        });

        internal bool TryChoose(int index) => _word.TryChoose(index);

        internal void Wake() => _isWoken = true;

        private void Run()
        {
            for (int round = 0; round < _rounds.Length; round++)
            {
                Node[] nodes = [.. _rounds[round].Select((one, i) => new Node(this, i, one.At, one.Sends, ItemOf(round)))];
                if (!TrySelect(nodes, out Node? chosen))
                    return;
                if (chosen is null)
                    break;
                (chosen.Sends ? Sent : Received).Add(chosen.Item);
            }
            IsDone = true;
        }

        private int ItemOf(int round) => _world._selectors.IndexOf(this) * 10 + round;

        // False if the world is at rest.
        private bool TrySelect(Node[] nodes, out Node? chosen)
        {
            int[] gates = [.. nodes.Select(node => node.At).Distinct().Order()];
            Array.ForEach(gates, _world.Enter);
            chosen = nodes.FirstOrDefault(TryMeet);
            if (chosen is null)
            {
                _word.Open();
                foreach (Node node in nodes)
                    node.OwnList(_world).Add(node);
            }
            Array.ForEach(gates, _world.Exit);
            chosen?.Met!.Owner.Wake();
            if (chosen is not null)
                return true;
            while (_word.Chosen < 0)
            {
                if (_isCanceled && _word.TryGiveUp())
                    break;
                if (!_world._machine.WaitUntil($"{Name} to be woken", () => _isWoken))
                    return false;
                _isWoken = false;
            }
            foreach (Node node in nodes)
            {
                if (_world.TrustsThatItIsOutOfTheList && !node.OwnList(_world).Contains(node))
                    continue;
                _world.Enter(node.At);
                node.OwnList(_world).Remove(node);
                _world.Exit(node.At);
            }
            int index = _word.Chosen;
            if (index < 0)
                return true;
            Assert.True(index < nodes.Length && nodes[index].IsServed, $"{Name}: case {index} was chosen and nothing was handed over");
            chosen = nodes[index];
            return true;
        }

        // Under the gate.
        private bool TryMeet(Node mine)
        {
            List<Node> others = mine.OtherList(_world);
            while (others.Count > 0)
            {
                Node other = others[0];
                others.RemoveAt(0);
                Assert.NotSame(this, other.Owner);
                if (!other.Owner.TryChoose(other.Index))
                    continue;
                if (mine.Sends)
                    other.Item = mine.Item;
                else
                    mine.Item = other.Item;
                other.IsServed = true;
                mine.Met = other;
                return true;
            }
            return false;
        }
    }

    internal sealed class Node(Selector owner, int index, int at, bool sends, int item)
    {
        internal Selector Owner { get; } = owner;

        internal int Index { get; } = index;

        internal int At { get; } = at;

        internal bool Sends { get; } = sends;

        internal int Item { get; set; } = item;

        internal bool IsServed { get; set; }

        /// <summary>Whom it found when it came; null if it was found.</summary>
        internal Node? Met { get; set; }

        internal List<Node> OwnList(SelectWorld<TFaults> world) => Sends ? world._rendezvous[At].Senders : world._rendezvous[At].Receivers;

        internal List<Node> OtherList(SelectWorld<TFaults> world) => Sends ? world._rendezvous[At].Receivers : world._rendezvous[At].Senders;
    }

    private sealed class Rendezvous
    {
        internal bool IsHeld { get; set; }

        internal List<Node> Senders { get; } = [];

        internal List<Node> Receivers { get; } = [];
    }
}
