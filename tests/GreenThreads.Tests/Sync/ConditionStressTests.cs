namespace GreenThreads.Tests;

/// <summary>Producers and consumers of a bounded queue of two conditions, with all ways in and out at once: what goes in comes out, once.</summary>
public sealed class ConditionStressTests
{
    private const int Capacity = 3;

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void What_goes_in_comes_out_once(int seed)
    {
        var mutex = new GreenMutex();
        var notFull = new GreenCondition(mutex);
        var notEmpty = new GreenCondition(mutex);
        var queue = new Queue<long>(); // these are guarded by the mutex alone
        long last = 0;
        long taken = 0;
        new SyncCrowd(seed).Run(random =>
        {
            if (random.Next(2) == 0)
                Produce(random);
            else
                Consume(random);
            SyncCrowd.Pause(random);
        });
        Assert.Equal(last, taken + queue.Count);
        Assert.False(mutex.IsLocked);
        Assert.Equal(0, notFull.WaiterCount + notEmpty.WaiterCount + mutex.WaiterCount);

        void Produce(Random random)
        {
            using (mutex.Lock())
            {
                while (queue.Count == Capacity)
                {
                    if (!Wait(notFull, random))
                        return;
                }
                queue.Enqueue(++last);
                Notify(notEmpty, random);
            }
        }

        void Consume(Random random)
        {
            using (mutex.Lock())
            {
                while (queue.Count == 0)
                {
                    if (!Wait(notEmpty, random))
                        return;
                }
                Assert.Equal(++taken, queue.Dequeue());
                Notify(notFull, random);
            }
        }

        bool Wait(GreenCondition condition, Random random)
        {
            // Always for a limited time: everybody may have decided to produce.
            bool isNotified = random.Next(3) == 0
                ? SyncCrowd.TryWithToken(random, token => condition.TryWait(SyncCrowd.Timeout(random), token))
                : condition.TryWait(SyncCrowd.Timeout(random));
            Assert.Same(Waiter.Current, mutex.OwnerForTools);
            return isNotified;
        }

        static void Notify(GreenCondition condition, Random random)
        {
            if (random.Next(4) == 0)
                condition.NotifyAll();
            else
                condition.NotifyOne();
        }
    }

    [Fact]
    public void No_notification_is_lost()
    {
        // Nobody has a timeout here: a lost notification is a hang. As many items come as go, and victims give each other's back.
        const int rounds = 3_000;
        var mutex = new GreenMutex();
        var notEmpty = new GreenCondition(mutex);
        var notFull = new GreenCondition(mutex);
        int count = 0;
        Task[] producers = [.. Enumerable.Range(0, 4).Select(i => Start(i, () => Change(notFull, notEmpty, () => count < Capacity, +1)))];
        Task[] consumers = [.. Enumerable.Range(0, 4).Select(i => Start(i, () => Change(notEmpty, notFull, () => count > 0, -1)))];
        Assert.True(Task.WaitAll([.. producers, .. consumers], TimeLimit.Generous), "a notification was lost");
        Assert.Equal(0, count);

        static Task Start(int index, Action body)
        {
            Action repeated = () =>
            {
                for (int i = 0; i < rounds; i++)
                    body();
            };
            return index == 0 ? OsThreads.Start(repeated) : GreenThreadsOfTests.Start(repeated);
        }

        void Change(GreenCondition wanted, GreenCondition made, Func<bool> isThere, int step)
        {
            using (mutex.Lock())
            {
                while (!isThere())
                    wanted.Wait();
                count += step;
                made.NotifyOne();
            }
        }
    }
}
