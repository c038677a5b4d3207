namespace GreenThreads.Tests;

/// <summary>Phases with parties that time out at any moment: every phase ends for all or breaks for all.</summary>
public sealed class BarrierStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void A_phase_ends_for_all_or_for_nobody(int seed)
    {
        const int parties = 6;
        const int rounds = 300;
        var barriers = new GreenBarrier[rounds];
        int[] ended = new int[rounds];
        int[] actions = new int[rounds];
        for (int i = 0; i < rounds; i++)
        {
            int round = i;
            barriers[i] = new GreenBarrier(parties, () =>
            {
                actions[round]++;
                if (round % 3 == 0)
                    GreenThread.Yield();
            });
        }
        Task[] tasks = [.. Enumerable.Range(0, parties).Select(index => index < 2 ? OsThreads.Start(Body(index)) : GreenThreadsOfTests.Start(Body(index)))];
        Assert.True(Task.WaitAll(tasks, TimeLimit.Generous), $"hang with seed {seed}");
        for (int i = 0; i < rounds; i++)
        {
            // All have arrived in all rounds. One that gives up while the action runs breaks it too.
            Assert.True(ended[i] is 0 or parties, $"round {i} ended for {ended[i]}");
            Assert.Equal(ended[i] == 0, barriers[i].IsBroken);
            Assert.InRange(actions[i], ended[i] == 0 ? 0 : 1, 1);
            Assert.Equal(0, barriers[i].WaiterCount);
        }

        Action Body(int index) => () =>
        {
            var random = new Random(seed + index);
            for (int i = 0; i < rounds; i++)
            {
                SyncCrowd.Pause(random);
                try
                {
                    bool isOver = true;
                    if (random.Next(8) == 0)
                        isOver = barriers[i].TrySignalAndWait(SyncCrowd.Timeout(random));
                    else if (random.Next(8) == 0)
                        isOver = SyncCrowd.TryWithToken(random, barriers[i].SignalAndWait);
                    else
                        barriers[i].SignalAndWait();
                    if (!isOver && barriers[i].IsBroken)
                        continue;
                    if (!isOver)
                        barriers[i].SignalAndWait(); // Its token was cancelled before, so it has not arrived.
                    Interlocked.Increment(ref ended[i]);
                }
                catch (GreenBarrierBrokenException)
                {
                    Assert.True(barriers[i].IsBroken);
                }
            }
        };
    }
}
