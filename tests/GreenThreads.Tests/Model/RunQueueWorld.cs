using System.Reflection;

namespace GreenThreads.Tests;

/// <summary>Run queues whose green threads are counted: each that was pushed is taken once, by anybody.</summary>
internal sealed class RunQueueWorld<TFaults>
    where TFaults : struct, IModelFaults
{
    private const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;

    private static readonly FieldInfo s_indices = typeof(RunQueue<ModelAtomics<TFaults>>).GetField("_indices", Private)!;
    private static readonly FieldInfo s_cleared = typeof(RunQueue<ModelAtomics<TFaults>>).GetField("_cleared", Private)!;

    private readonly ModelMachine _machine;
    private readonly List<RunQueue<ModelAtomics<TFaults>>> _queues = [];
    private readonly int[] _timesTaken = new int[64];
    private int _pushed;

    internal RunQueueWorld(ModelMachine machine)
    {
        _machine = machine;
        machine.AtRest(Check);
    }

    /// <summary>Makes a queue.</summary>
    /// <param name="capacity">Of the ring.</param>
    /// <param name="start">Where head and tail begin.</param>
    internal RunQueue<ModelAtomics<TFaults>> NewQueue(int capacity, int start = 0)
    {
        var queue = new RunQueue<ModelAtomics<TFaults>>(capacity);
        if (start != 0)
        {
            s_indices.SetValue(queue, new RunQueueIndices { Head = start, Tail = start });
            s_cleared.SetValue(queue, start);
        }
        _machine.Register($"queue{_queues.Count}", queue);
        _queues.Add(queue);
        return queue;
    }

    /// <summary>The next green thread that was in no queue before.</summary>
    internal GreenThread NewItem() => ModelItems.Get(_pushed++);

    /// <summary>Pushes a green thread; if the ring is full, half of it goes to the owner, as it would go to the injection queue.</summary>
    internal void Push(RunQueue<ModelAtomics<TFaults>> queue, GreenThread item, Taker owner)
    {
        var half = new GreenThread?[queue.Capacity / 2];
        while (!queue.TryPush(item))
        {
            int count = queue.TakeHalf(half);
            Assert.True(count == 0 || count == half.Length, $"took {count}");
            for (int i = 0; i < count; i++)
                owner.Take(half[i]);
        }
    }

    /// <summary>Takes everything. The owner's count can only have been too high.</summary>
    internal static void PopAll(RunQueue<ModelAtomics<TFaults>> queue, Taker owner)
    {
        int count = queue.Count;
        Assert.InRange(count, 0, queue.Capacity);
        while (queue.Pop() is { } item)
        {
            count--;
            owner.Take(item);
        }
        Assert.True(count >= 0, "more in the ring than its owner counted");
    }

    /// <summary>Steals, and takes what lies in the thief's own ring then.</summary>
    internal static void StealAndPopAll(RunQueue<ModelAtomics<TFaults>> queue, RunQueue<ModelAtomics<TFaults>> victim, Taker thief)
    {
        if (queue.StealHalfOf(victim, out int count) is { } first)
        {
            Assert.InRange(count, 1, (victim.Capacity + 1) / 2);
            thief.Take(first);
        }
        else
            Assert.Equal(0, count);
        PopAll(queue, thief);
    }

    internal Taker NewTaker(bool inOrder = true) => new(this, inOrder);

    private void Check()
    {
        Taker rest = NewTaker(inOrder: false);
        foreach (RunQueue<ModelAtomics<TFaults>> queue in _queues)
        {
            if (queue.TakeNext() is { } next)
                rest.Take(next);
            PopAll(queue, rest);
            Assert.Equal(0, queue.Count);
            queue.ClearConsumed();
            Assert.False(_machine.HoldsAny(queue), "the ring of an empty queue holds on to a green thread");
        }
        for (int i = 0; i < _pushed; i++)
            Assert.True(_timesTaken[i] == 1, $"#{i} was lost");
    }

    /// <summary>Somebody who takes green threads, the older ones first if that is promised.</summary>
    internal sealed class Taker(RunQueueWorld<TFaults> world, bool inOrder)
    {
        private int _last = -1;

        internal void Take(GreenThread? item)
        {
            Assert.True(item is not null, "an entry was cleared while it was in the ring");
            int number = ModelItems.NumberOf(item);
            Assert.True(++world._timesTaken[number] == 1, $"#{number} was taken twice");
            Assert.True(!inOrder || number > _last, $"#{number} was taken after #{_last}");
            _last = number;
        }
    }
}
