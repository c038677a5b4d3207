using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Signals that come together with the end of a wait: each is taken once, or still there.</summary>
public sealed class WaitRaceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_signal_that_comes_with_a_timeout_is_not_lost(int seed)
    {
        const int signals = 300;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        using var semaphore = new Semaphore(0, int.MaxValue);
        int taken = 0;
        var random = new Random(seed);
        Party[] waiters = [.. Enumerable.Range(0, 6).Select(_ => random.Next()).Select(own => Party.OnGreenThread(group, () =>
        {
            var mine = new Random(own);
            while (Volatile.Read(ref taken) < signals)
            {
                if (semaphore.WaitOne(mine.Next(3)))
                    Interlocked.Increment(ref taken);
                else if (mine.Next(4) == 0)
                    GreenThread.Yield();
            }
        }))];
        // One at a time, so that a lost one leaves everybody waiting.
        for (int i = 0; i < signals; i++)
        {
            for (int spins = random.Next(200); spins > 0; spins--)
                Thread.SpinWait(50);
            semaphore.Release();
            if (i % 10 == 0)
                Eventually(() => Volatile.Read(ref taken) > i, $"seed {seed}: signal {i} was lost");
        }
        foreach (Party waiter in waiters)
            waiter.Join();
        Assert.Equal(signals, taken);
        Assert.False(semaphore.WaitOne(0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_event_that_is_set_with_a_timeout_is_taken_once(int seed)
    {
        const int signals = 150;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        using var @event = new AutoResetEvent(false);
        int taken = 0;
        var random = new Random(seed);
        Party[] waiters = [.. Enumerable.Range(0, 4).Select(_ => random.Next()).Select(own => Party.OnGreenThread(group, () =>
        {
            var mine = new Random(own);
            while (Volatile.Read(ref taken) < signals)
            {
                if (@event.WaitOne(mine.Next(3)))
                    Interlocked.Increment(ref taken);
            }
        }))];
        for (int i = 0; i < signals; i++)
        {
            for (int spins = random.Next(100); spins > 0; spins--)
                Thread.SpinWait(50);
            @event.Set();
            Eventually(() => Volatile.Read(ref taken) > i, $"seed {seed}: signal {i} was lost");
            Assert.Equal(i + 1, Volatile.Read(ref taken));
        }
        foreach (Party waiter in waiters)
            waiter.Join();
    }

    [SwitchedTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_signal_that_comes_with_the_end_of_a_group_is_taken_once_or_still_there(int seed)
    {
        const int groups = 6, waitersOfEach = 4, signals = 12;
        using var semaphore = new Semaphore(0, int.MaxValue);
        int taken = 0, ended = 0;
        var random = new Random(seed);
        SchedulerGroup[] all = [.. Enumerable.Range(0, groups).Select(static _ => NewGroup())];
        Party[] waiters = [.. all.SelectMany(group => Enumerable.Range(0, waitersOfEach).Select(_ => Party.OnGreenThread(group, () =>
        {
            try
            {
                semaphore.WaitOne();
                Interlocked.Increment(ref taken);
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }
        })))];
        foreach (Party waiter in waiters)
            waiter.AwaitWaiting();
        Party[] closers = [.. all.Select(group => (Group: group, Delay: random.Next(2000))).Select(closer => Party.OnOsThread(() =>
        {
            Thread.SpinWait(closer.Delay * 10);
            closer.Group.Dispose();
        }))];
        // Some before the end of the patience, some after it, some between.
        var patience = Deadline.After(GreenSynchronizationContext.Patience * (0.8 + random.NextDouble() * 0.3));
        for (int i = 0; i < signals; i++)
        {
            if (i == signals / 3)
                SpinWait.SpinUntil(() => patience.HasPassed);
            Thread.SpinWait(random.Next(20_000));
            semaphore.Release();
        }
        foreach (Party closer in closers)
            closer.Join();
        Eventually(() => Volatile.Read(ref ended) == waiters.Length, $"seed {seed}: somebody does not leave its wait");
        int left = 0;
        while (semaphore.WaitOne(0))
            left++;
        Assert.Equal(signals, taken + left);
        Assert.Equal(taken, waiters.Count(static waiter => Record.Exception(waiter.Join) is null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_release_that_comes_with_the_cancellation_of_a_token_is_not_lost(int seed)
    {
        const int rounds = 200;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        using var semaphore = new SemaphoreSlim(0);
        int taken = 0;
        var random = new Random(seed);
        for (int i = 0; i < rounds; i++)
        {
            using var source = new CancellationTokenSource();
            Party waiter = Party.OnGreenThread(group, () =>
            {
                try
                {
                    semaphore.Wait(source.Token);
                    taken++;
                }
                catch (OperationCanceledException)
                {
                }
            });
            Party canceller = Party.OnGreenThread(group, source.Cancel);
            Thread.SpinWait(random.Next(3000));
            semaphore.Release();
            waiter.Join();
            canceller.Join();
            Assert.Equal(i + 1, taken + semaphore.CurrentCount);
        }
    }

    // A Pulse finds a waiter whose time is over, or passes it by; either way the items are all taken.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_pulse_that_comes_with_a_timeout_does_not_leave_an_item_behind(int seed)
    {
        const int items = 200;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        var gate = new object();
        int present = 0, taken = 0;
        var random = new Random(seed);
        Party[] waiters = [.. Enumerable.Range(0, 4).Select(_ => random.Next()).Select(own => Party.OnGreenThread(group, () =>
        {
            var mine = new Random(own);
            lock (gate)
            {
                while (taken < items)
                {
                    if (present == 0)
                    {
                        Monitor.Wait(gate, 1 + mine.Next(3));
                    }
                    else
                    {
                        present--;
                        taken++;
                    }
                }
            }
        }))];
        for (int i = 0; i < items; i++)
        {
            lock (gate)
            {
                present++;
                Monitor.Pulse(gate);
            }
            Thread.SpinWait(random.Next(5000));
        }
        foreach (Party waiter in waiters)
            waiter.Join();
        Assert.Equal((items, 0), (taken, present));
    }
}
