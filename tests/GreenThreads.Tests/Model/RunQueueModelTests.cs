using Xunit.Abstractions;

namespace GreenThreads.Tests;

/// <summary>
/// The run queue under every interleaving of its owner and some thieves: each green thread is taken once, in order as far as that is promised, no
/// live entry is cleared and no dead one kept.
/// </summary>
public sealed class RunQueueModelTests(ITestOutputHelper output)
{
    [SwitchedTheory]
    [InlineData(2, 0, 3)]
    [InlineData(2, int.MaxValue, 3)]
    [InlineData(4, 0, 2)]
    [InlineData(4, -2, 3)]
    public void An_owner_and_a_thief_share_a_ring(int capacity, int start, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => OwnerAndThieves<NoFaults>(machine, capacity, start, thieves: 1));

    [SwitchedTheory]
    [InlineData(2)]
    [InlineData(4)]
    public void An_owner_and_two_thieves_share_a_ring(int capacity) =>
        new Explorer(output) { Preemptions = 2 }.Check(machine => OwnerAndThieves<NoFaults>(machine, capacity, start: 0, thieves: 2));

    [SwitchedFact]
    public void A_ring_that_went_round_since_it_was_cleared_keeps_its_live_entries() =>
        new Explorer(output) { Preemptions = 3 }.Check(GoingRound<NoFaults>);

    [SwitchedTheory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_thief_is_stolen_from(int capacity) =>
        new Explorer(output) { Preemptions = 2 }.Check(machine => ChainOfThieves<NoFaults>(machine, capacity));

    [SwitchedFact]
    public void The_slot_gives_what_was_put_into_it_to_one() =>
        new Explorer(output) { Preemptions = 3 }.Check(Slot<NoFaults>);

    [SwitchedFact]
    public void A_busy_owner_and_three_busy_thieves_at_random() =>
        new Explorer(output).CheckRandom(Busy<NoFaults>, worlds: 20_000);

    [SwitchedFact]
    public void A_compare_exchange_in_two_steps_is_found() =>
        new Explorer(output) { Preemptions = 1 }.ExpectFault(machine => OwnerAndThieves<CompareExchangeInTwoSteps>(machine, 2, 0, thieves: 1));

    [SwitchedFact]
    public void An_exchange_in_two_steps_is_found() =>
        new Explorer(output) { Preemptions = 1 }.ExpectFault(Slot<ExchangeInTwoSteps>);

    // The tail is seen before the entry. On x86 the order of the two stores is enough, elsewhere it takes the release.
    [SwitchedFact]
    public void A_push_whose_stores_change_places_is_found() =>
        new Explorer(output) { Preemptions = 1, StoresPassStores = true }
            .ExpectFault(machine => OwnerAndThieves<NoFaults>(machine, 2, 0, thieves: 1));

    private static void OwnerAndThieves<TFaults>(ModelMachine machine, int capacity, int start, int thieves)
        where TFaults : struct, IModelFaults
    {
        var world = new RunQueueWorld<TFaults>(machine);
        RunQueue<ModelAtomics<TFaults>> queue = world.NewQueue(capacity, start);
        RunQueueWorld<TFaults>.Taker owner = world.NewTaker();
        machine.Thread("owner", () =>
        {
            for (int i = 0; i < capacity; i++)
                world.Push(queue, world.NewItem(), owner);
            if (queue.Pop() is { } item)
                owner.Take(item);
            queue.ClearConsumed();
            for (int i = 0; i < 2; i++)
                world.Push(queue, world.NewItem(), owner);
            RunQueueWorld<TFaults>.PopAll(queue, owner);
            queue.ClearConsumed();
        });
        for (int i = 0; i < thieves; i++)
        {
            RunQueue<ModelAtomics<TFaults>> own = world.NewQueue(capacity, start);
            machine.Thread($"thief{i}", () =>
            {
                RunQueueWorld<TFaults>.Taker thief = world.NewTaker();
                for (int k = 0; k < 3 - thieves; k++)
                    RunQueueWorld<TFaults>.StealAndPopAll(own, queue, thief);
                own.ClearConsumed();
            });
        }
    }

    private static void GoingRound<TFaults>(ModelMachine machine)
        where TFaults : struct, IModelFaults
    {
        var world = new RunQueueWorld<TFaults>(machine);
        RunQueue<ModelAtomics<TFaults>> queue = world.NewQueue(2);
        RunQueue<ModelAtomics<TFaults>> own = world.NewQueue(2);
        machine.Thread("owner", () =>
        {
            RunQueueWorld<TFaults>.Taker owner = world.NewTaker();
            for (int i = 0; i < 3; i++)
            {
                world.Push(queue, world.NewItem(), owner);
                if (i < 2 && queue.Pop() is { } item)
                    owner.Take(item);
            }
            world.Push(queue, world.NewItem(), owner);
            if (queue.Pop() is { } last)
                owner.Take(last);
            queue.ClearConsumed();
            RunQueueWorld<TFaults>.PopAll(queue, owner);
        });
        machine.Thread("thief", () => RunQueueWorld<TFaults>.StealAndPopAll(own, queue, world.NewTaker()));
    }

    private static void ChainOfThieves<TFaults>(ModelMachine machine, int capacity)
        where TFaults : struct, IModelFaults
    {
        var world = new RunQueueWorld<TFaults>(machine);
        RunQueue<ModelAtomics<TFaults>>[] queues = [world.NewQueue(capacity), world.NewQueue(capacity), world.NewQueue(capacity)];
        RunQueueWorld<TFaults>.Taker[] takers = [world.NewTaker(), world.NewTaker(), world.NewTaker(inOrder: false)];
        machine.Thread("owner", () =>
        {
            for (int i = 0; i < capacity + 1; i++)
                world.Push(queues[0], world.NewItem(), takers[0]);
            RunQueueWorld<TFaults>.PopAll(queues[0], takers[0]);
        });
        machine.Thread("thief", () =>
        {
            RunQueueWorld<TFaults>.StealAndPopAll(queues[1], queues[0], takers[1]);
            queues[1].ClearConsumed();
            RunQueueWorld<TFaults>.StealAndPopAll(queues[1], queues[0], takers[1]);
        });
        machine.Thread("thief of both", () =>
        {
            RunQueueWorld<TFaults>.StealAndPopAll(queues[2], queues[1], takers[2]);
            RunQueueWorld<TFaults>.StealAndPopAll(queues[2], queues[0], takers[2]);
        });
    }

    private static void Slot<TFaults>(ModelMachine machine)
        where TFaults : struct, IModelFaults
    {
        var world = new RunQueueWorld<TFaults>(machine);
        RunQueue<ModelAtomics<TFaults>> queue = world.NewQueue(2);
        RunQueue<ModelAtomics<TFaults>> own = world.NewQueue(2);
        machine.Thread("owner", () =>
        {
            RunQueueWorld<TFaults>.Taker owner = world.NewTaker(inOrder: false);
            for (int i = 0; i < 3; i++)
            {
                if (queue.PushNext(world.NewItem()) is { } displaced)
                    world.Push(queue, displaced, owner);
            }
            if (queue.TakeNext() is { } next)
                owner.Take(next);
            RunQueueWorld<TFaults>.PopAll(queue, owner);
        });
        machine.Thread("monitor", () =>
        {
            RunQueueWorld<TFaults>.Taker monitor = world.NewTaker();
            for (int i = 0; i < 2; i++)
            {
                if (queue.HasNext && queue.TakeNext() is { } next)
                    monitor.Take(next);
            }
        });
        machine.Thread("thief", () => RunQueueWorld<TFaults>.StealAndPopAll(own, queue, world.NewTaker()));
    }

    private static void Busy<TFaults>(ModelMachine machine)
        where TFaults : struct, IModelFaults
    {
        const int Capacity = 4;
        var world = new RunQueueWorld<TFaults>(machine);
        RunQueue<ModelAtomics<TFaults>>[] queues = [.. Enumerable.Range(0, 4).Select(_ => world.NewQueue(Capacity, int.MaxValue - 5))];
        machine.Thread("owner", () =>
        {
            RunQueueWorld<TFaults>.Taker owner = world.NewTaker(inOrder: false);
            for (int round = 0; round < 8; round++)
            {
                for (int i = 0; i < 1 + round % 6; i++)
                    world.Push(queues[0], world.NewItem(), owner);
                if (queues[0].PushNext(world.NewItem()) is { } displaced)
                    world.Push(queues[0], displaced, owner);
                for (int i = 0; i < round % 3 && queues[0].Pop() is { } item; i++)
                    owner.Take(item);
                if (round % 2 == 0)
                    queues[0].ClearConsumed();
            }
            RunQueueWorld<TFaults>.PopAll(queues[0], owner);
        });
        for (int i = 1; i < queues.Length; i++)
        {
            RunQueue<ModelAtomics<TFaults>> own = queues[i];
            RunQueue<ModelAtomics<TFaults>> neighbour = queues[i % (queues.Length - 1) + 1];
            machine.Thread($"thief{i}", () =>
            {
                RunQueueWorld<TFaults>.Taker thief = world.NewTaker(inOrder: false);
                for (int round = 0; round < 5; round++)
                {
                    RunQueueWorld<TFaults>.StealAndPopAll(own, queues[0], thief);
                    own.ClearConsumed();
                    RunQueueWorld<TFaults>.StealAndPopAll(own, neighbour, thief);
                    if (queues[0].TakeNext() is { } next)
                        thief.Take(next);
                }
            });
        }
    }

    private readonly struct CompareExchangeInTwoSteps : IModelFaults
    {
        static bool IModelFaults.CompareExchangeIsTwoSteps => true;
    }

    private readonly struct ExchangeInTwoSteps : IModelFaults
    {
        static bool IModelFaults.ExchangeIsReadAndStore => true;
    }
}
