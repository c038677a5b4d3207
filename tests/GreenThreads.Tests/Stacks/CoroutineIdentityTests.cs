using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>What makes a coroutine a thread to the runtime: its own statics, id, locks and context, wherever it runs.</summary>
public sealed class CoroutineIdentityTests
{
    [ThreadStatic]
    private static string? t_reference;

    [ThreadStatic]
    private static int t_primitive;

    [SwitchedFact]
    public void Thread_statics_belong_to_the_coroutine()
    {
        TestCarrier.Run(carrier =>
        {
            t_reference = "of the carrier";
            t_primitive = -1;
            Coroutine[] coroutines = [.. Enumerable.Range(0, 10).Select(i => carrier.Create(() =>
            {
                Assert.Null(t_reference);
                Assert.Equal(0, t_primitive);
                t_reference = $"of {i}";
                t_primitive = i;
                for (int round = 0; round < 5; round++)
                {
                    Coroutine.Current!.Suspend();
                    Assert.Equal($"of {i}", t_reference);
                    Assert.Equal(i, t_primitive);
                }
            }))];
            while (coroutines.Any(coroutine => !coroutine.IsIdle))
            {
                foreach (Coroutine coroutine in coroutines)
                    carrier.ResumeUnlessIdle(coroutine);
                GC.Collect();
                Assert.Equal("of the carrier", t_reference);
                Assert.Equal(-1, t_primitive);
            }
        });
    }

    [SwitchedFact]
    public void Each_coroutine_has_a_managed_thread_id_of_its_own()
    {
        TestCarrier.Run(carrier =>
        {
            var ids = new HashSet<int> { Environment.CurrentManagedThreadId };
            for (int i = 0; i < 20; i++)
                carrier.Finish(carrier.Create(() => Assert.True(ids.Add(Environment.CurrentManagedThreadId))));
        });
    }

    [SwitchedFact]
    public void A_lock_is_held_by_the_coroutine_and_not_by_its_OS_thread()
    {
        TestCarrier.Run(carrier =>
        {
            var gate = new object();
            var newGate = new Lock();
            Coroutine owner = carrier.Create(() =>
            {
                lock (gate)
                {
                    lock (newGate)
                        Coroutine.Current!.Suspend();
                }
            });
            carrier.Resume(owner);
            Assert.False(Monitor.IsEntered(gate));
            Assert.False(Monitor.TryEnter(gate));
            Assert.False(newGate.TryEnter());
            carrier.Finish(carrier.Create(() => Assert.False(Monitor.TryEnter(gate))));
            carrier.Resume(owner);
            Assert.True(Monitor.TryEnter(gate));
            Assert.True(newGate.TryEnter());
            Monitor.Exit(gate);
            newGate.Exit();
        });
    }

    [SwitchedFact]
    public void Async_locals_belong_to_the_coroutine()
    {
        var local = new AsyncLocal<string?>();
        TestCarrier.Run(carrier =>
        {
            local.Value = "of the carrier";
            Coroutine coroutine = carrier.Create(() =>
            {
                Assert.Null(local.Value);
                local.Value = "of the coroutine";
                Coroutine.Current!.Suspend();
                Assert.Equal("of the coroutine", local.Value);
            });
            carrier.Resume(coroutine);
            Assert.Equal("of the carrier", local.Value);
            carrier.Finish(coroutine);
        });
    }

    [SwitchedFact]
    public void A_coroutine_goes_on_where_it_was_on_the_next_of_many_OS_threads()
    {
        const int OSThreads = 20;
        var osThreads = new HashSet<int>();
        int rounds = 0;
        Coroutine coroutine = null!;
        TestCarrier.Run(carrier => coroutine = carrier.Create(() =>
        {
            int id = Environment.CurrentManagedThreadId;
            t_reference = $"of {id}";
            t_primitive = id;
            object[] onHeap = ["text" + id, id];
            lock (onHeap)
            {
                for (; rounds < OSThreads; rounds++)
                {
                    osThreads.Add(Interop.gettid());
                    Coroutine.Current!.Suspend();
                    Assert.Equal(id, Environment.CurrentManagedThreadId);
                    Assert.Equal($"of {id}", t_reference);
                    Assert.Equal(id, t_primitive);
                    Assert.Equal("text" + id, onHeap[0]);
                    Assert.True(Monitor.IsEntered(onHeap));
                }
            }
        }));
        while (!coroutine.IsIdle)
        {
            TestCarrier.Run(carrier => carrier.Resume(coroutine));
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        }
        Assert.Equal(OSThreads, rounds);
        Assert.Equal(OSThreads, osThreads.Count);
    }

    // Two OS threads hand a set of coroutines to each other while a third collects.
    [SwitchedFact]
    public void Coroutines_that_migrate_between_two_OS_threads_keep_what_is_theirs_under_collections()
    {
        const int Coroutines = 16;
        const int Rounds = 2000;
        const int ResumesPerCollection = 20;
        int resumes = 0;
        var queue = new System.Collections.Concurrent.ConcurrentQueue<Coroutine>();
        int left = Coroutines;
        int migrations = 0;
        using var allDone = new Barrier(2);
        TestCarrier.Run(carrier =>
        {
            for (int i = 0; i < Coroutines; i++)
                queue.Enqueue(carrier.Create(Wander));
        });
        Task[] carriers = [TestCarrier.Start(Carry), TestCarrier.Start(Carry)];
        for (int seen = 0; !carriers.All(task => task.IsCompleted);)
        {
            // One collection after the other would leave the carriers no time.
            if (Volatile.Read(ref resumes) - seen < ResumesPerCollection)
            {
                Thread.Yield();
                continue;
            }
            seen = Volatile.Read(ref resumes);
            GC.Collect(0);
        }
        foreach (Task task in carriers)
            task.GetAwaiter().GetResult();
        Assert.True(migrations > 0);

        void Carry(TestCarrier carrier)
        {
            while (Volatile.Read(ref left) > 0)
            {
                if (!queue.TryDequeue(out Coroutine? coroutine))
                    continue;
                carrier.Resume(coroutine);
                Interlocked.Increment(ref resumes);
                if (coroutine.IsIdle)
                    Interlocked.Decrement(ref left);
                else
                    queue.Enqueue(coroutine);
            }
            Assert.True(allDone.SignalAndWait(TimeLimit.Generous));
        }

        void Wander()
        {
            int id = Environment.CurrentManagedThreadId;
            t_reference = $"of {id}";
            t_primitive = id;
            for (int round = 0; round < Rounds; round++)
            {
                int before = Interop.gettid();
                string text = MakeText(id, round);
                Coroutine.Current!.Suspend();
                if (text != MakeText(id, round) || t_reference != $"of {id}" || t_primitive != id || Environment.CurrentManagedThreadId != id)
                    throw new InvalidOperationException($"{text} in round {round} has {t_reference} {t_primitive}");
                if (Interop.gettid() != before)
                    Interlocked.Increment(ref migrations);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string MakeText(int id, int round) => $"{id} {round}";
}
