using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>Barrier, CountdownEvent, ReaderWriterLockSlim and Lazy, with OS threads among the green ones.</summary>
public sealed class CoordinationTests(ITestOutputHelper output)
{
    private const int Threads = 500;
    private const int OsThreadCount = 4;

    [Fact]
    public void A_barrier_holds_green_and_OS_threads_until_all_are_there()
    {
        const int Phases = 10;
        const int Participants = Threads + OsThreadCount;
        int arrived = 0;
        int early = 0;
        using var barrier = new Barrier(Participants, barrier =>
        {
            if (Volatile.Read(ref arrived) != Participants * ((int)barrier.CurrentPhaseNumber + 1))
                Interlocked.Increment(ref early);
        });
        OsThreads others = OsThreads.Start(OsThreadCount, _ => Participate());
        Crowd.Run(output, Threads, _ => Participate());
        others.Join();
        Assert.Equal(0, early);
        Assert.Equal(Phases, barrier.CurrentPhaseNumber);

        void Participate()
        {
            for (int phase = 0; phase < Phases; phase++)
            {
                Interlocked.Increment(ref arrived);
                barrier.SignalAndWait();
                // Nobody has begun the phase after the next.
                Assert.InRange(Volatile.Read(ref arrived), Participants * (phase + 1), Participants * (phase + 2));
            }
        }
    }

    [Fact]
    public void A_countdown_of_OS_threads_releases_green_threads_and_the_other_way_round()
    {
        using var start = new CountdownEvent(OsThreadCount);
        using var waiting = new CountdownEvent(Threads);
        using var end = new CountdownEvent(Threads);
        int released = 0;
        OsThreads others = OsThreads.Start(OsThreadCount, _ =>
        {
            waiting.Wait();
            start.Signal();
            end.Wait();
            Assert.Equal(Threads, Volatile.Read(ref released));
        });
        Crowd.Run(output, Threads, _ =>
        {
            waiting.Signal();
            start.Wait();
            Interlocked.Increment(ref released);
            end.Signal();
            end.Wait();
        });
        others.Join();
    }

    [Theory]
    [InlineData(LockRecursionPolicy.NoRecursion)]
    [InlineData(LockRecursionPolicy.SupportsRecursion)]
    public void Writers_are_alone_and_readers_see_no_half_written_state(LockRecursionPolicy policy)
    {
        const int Rounds = 20;
        using var gate = new ReaderWriterLockSlim(policy);
        int first = 0;
        int second = 0;
        int readers = 0;
        int mostReaders = 0;
        OsThreads others = OsThreads.Start(OsThreadCount, Use);
        Crowd.Run(output, Threads, Use);
        others.Join();
        // Every tenth round writes, and every tenth upgrades.
        Assert.Equal((Threads + OsThreadCount) * Rounds / 10 * 2, first);
        Assert.Equal(first, second);
        Assert.True(mostReaders > 1, "no two readers were there at once");

        void Use(int number)
        {
            for (int round = number; round < number + Rounds; round++)
            {
                switch (round % 10)
                {
                    case 0:
                        gate.EnterWriteLock();
                        Write();
                        gate.ExitWriteLock();
                        break;
                    case 5:
                        gate.EnterUpgradeableReadLock();
                        Assert.Equal(first, second);
                        gate.EnterWriteLock();
                        Write();
                        gate.ExitWriteLock();
                        gate.ExitUpgradeableReadLock();
                        break;
                    default:
                        gate.EnterReadLock();
                        int now = Interlocked.Increment(ref readers);
                        for (int most = mostReaders; now > most; most = mostReaders)
                            Interlocked.CompareExchange(ref mostReaders, now, most);
                        GreenThread.Yield();
                        Assert.Equal(first, second);
                        Interlocked.Decrement(ref readers);
                        gate.ExitReadLock();
                        break;
                }
            }
        }

        // Between the two, others run and must wait.
        void Write()
        {
            Assert.Equal(0, Volatile.Read(ref readers));
            first++;
            GreenThread.Yield();
            second++;
        }
    }

    [Fact]
    public void A_lazy_value_is_made_once_while_everybody_waits()
    {
        using var inside = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        int made = 0;
        var lazy = new Lazy<object>(
            () =>
            {
                Interlocked.Increment(ref made);
                inside.Set();
                release.Wait();
                return new object();
            },
            LazyThreadSafetyMode.ExecutionAndPublication);
        int asking = 0;
        object?[] seen = new object?[Threads];
        OsThreads other = OsThreads.Start(1, _ =>
        {
            inside.Wait();
            SpinWait.SpinUntil(() => Volatile.Read(ref asking) == Threads, TimeLimit.Generous);
            release.Set();
            Assert.NotNull(lazy.Value);
        });
        Crowd.Run(output, Threads, thread =>
        {
            Interlocked.Increment(ref asking);
            seen[thread] = lazy.Value;
        });
        other.Join();
        Assert.Equal(1, made);
        Assert.Same(lazy.Value, Assert.Single(seen.Distinct()));
    }
}
