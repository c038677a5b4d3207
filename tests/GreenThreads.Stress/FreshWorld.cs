using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace GreenThreads.Stress;

/// <summary>
/// Short green threads that must find fresh thread statics and no context of others, and keep what they set. Beside them a group that keeps thread statics;
/// both are shut down and started again and again, so that they take over each other's coroutines.
/// </summary>
internal sealed class FreshWorld : World
{
    private const int TenantsOfGroup = 2000;

    private static readonly AsyncLocal<string?> s_asyncLocal = new();
    private static readonly ThreadLocal<string?> s_threadLocal = new();

    [ThreadStatic]
    private static string? t_reference;

    [ThreadStatic]
    private static long t_primitive;

    [ThreadStatic]
    private static (string? Reference, decimal Number) t_struct;

    private readonly Party _fresh = new("green threads with fresh thread statics");
    private readonly Party _keeping = new("green threads with those of the last one");
    private readonly SchedulerGroup?[] _groups = new SchedulerGroup?[2];

    internal FreshWorld() => Parties = [_fresh, _keeping];

    internal override string Name => "fresh";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => [.. _groups.OfType<SchedulerGroup>()];

    internal override string Summary => $"{_fresh.Count} fresh, {_keeping.Count} keeping";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var keeping = new Thread(() => RunGroups(options, isFresh: false, seed, end));
        keeping.Start();
        RunGroups(options, isFresh: true, seed + 1, end);
        keeping.Join();
    }

    private void RunGroups(StressOptions options, bool isFresh, int seed, long end)
    {
        Party party = isFresh ? _fresh : _keeping;
        var random = new Random(seed);
        while (Stopwatch.GetTimestamp() < end && Failures.IsEmpty)
        {
            using var group = new SchedulerGroup(options.GroupOptions(party.Name) with { FreshThreadStatics = isFresh });
            _groups[isFresh ? 1 : 0] = group;
            int left = TenantsOfGroup;
            var spawners = new GreenThread[Math.Min(options.Threads, 50)];
            for (int i = 0; i < spawners.Length; i++)
            {
                int seedOfSpawner = random.Next();
                spawners[i] = group.Spawn(() =>
                {
                    var own = new Random(seedOfSpawner);
                    while (Interlocked.Decrement(ref left) >= 0)
                    {
                        int number = own.Next(1, int.MaxValue);
                        GreenThread.Spawn(() => Guard($"tenant {number}", () => Check(number, isFresh))).Join();
                        party.StepShared();
                    }
                });
            }
            foreach (GreenThread spawner in spawners)
                spawner.Join();
        }
        party.IsDone = true;
    }

    private static void Check(int number, bool isFresh)
    {
        Stress.Check.That(s_asyncLocal.Value is null, "an AsyncLocal of another's");
        if (isFresh)
        {
            Stress.Check.That(t_reference is null, "a thread static of reference type of another's");
            Stress.Check.That(t_primitive == 0, "a thread static of primitive type of another's");
            Stress.Check.That(t_struct == default, "a thread static of a struct of another's");
            Stress.Check.That(!s_threadLocal.IsValueCreated, "a ThreadLocal of another's");
        }
        string name = number.ToString(CultureInfo.InvariantCulture);
        int id = Environment.CurrentManagedThreadId;
        Use(name, number);
        for (int i = 0; i < number % 4; i++)
        {
            if (number % 7 == 0)
                GreenThread.Sleep(TimeSpan.FromTicks(1));
            else
                GreenThread.Yield();
            Stress.Check.That(s_asyncLocal.Value == name, "an AsyncLocal");
            Stress.Check.That(t_reference == name && t_primitive == number && t_struct == (name, number), "thread statics");
            Stress.Check.That(s_threadLocal.Value == name, "a ThreadLocal");
            Stress.Check.That(Environment.CurrentManagedThreadId == id && Thread.CurrentThread.ManagedThreadId == id, "the managed thread id");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(string name, int number)
    {
        s_asyncLocal.Value = name;
        t_reference = name;
        t_primitive = number;
        t_struct = (name, number);
        s_threadLocal.Value = name;
    }
}
