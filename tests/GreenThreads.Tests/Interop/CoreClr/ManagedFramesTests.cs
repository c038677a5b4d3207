using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>The names of another thread's frames, compared with the stack trace that it writes itself.</summary>
public sealed partial class ManagedFramesTests
{
    private static readonly string s_class = typeof(ManagedFramesTests).FullName!;

    // What every coroutine has at its base.
    private static readonly string[] s_base =
    [
        "GreenThreads.Coroutine.RunBody", "GreenThreads.Coroutine.RunBodies", "GreenThreads.ContextSwitch.Enter", "GreenThreads.ContextSwitch.Entry",
    ];

    private static volatile bool s_ends;
    private static volatile string[]? s_trace;
    private static volatile WatchedThread? s_watched;
    private static long s_sum;

    [SwitchedFact]
    public void Frames_can_be_named_here()
    {
        Assert.True(ManagedFrames.IsAvailable, ManagedFrames.WhyNot);
        Assert.True(ManagedFrames.CanInterrupt);
    }

    [SwitchedFact]
    public void A_parked_coroutine_shows_its_frames_down_to_its_base()
    {
        string[] names = Park(() => Outer(3, static () => Generic<string, int>("x")));
        Assert.Equal(["GreenThreads.ContextSwitch.Suspend", "GreenThreads.Coroutine.Suspend", $"{s_class}.ParkHere", $"{s_class}.Generic"], names[..4]);
        Assert.StartsWith($"{s_class}.<>c.<A_parked_coroutine_shows_its_frames_down_to_its_base>", names[4], StringComparison.Ordinal);
        Assert.Equal(Enumerable.Repeat($"{s_class}.Outer", 4), names[5..9]);
        Assert.Equal(s_base, names[10..]);
    }

    [SwitchedTheory]
    [InlineData("nested methods")]
    [InlineData("a generic class")]
    [InlineData("a catch block")]
    [InlineData("a nested catch block")]
    [InlineData("a finally block")]
    [InlineData("a static constructor")]
    [InlineData("reflection")]
    [InlineData("a callback of native code")]
    [InlineData("a callback in a callback")]
    [InlineData("a sort comparer")]
    [InlineData("much on the stack")]
    public void A_parked_coroutine_shows_what_its_stack_trace_shows(string place)
    {
        string[] names = Park(s_places[place]);
        Assert.Equal(s_trace, names[2..]);
    }

    [SwitchedFact]
    public void What_does_not_fit_into_the_copy_is_left_out_and_said_so()
    {
        IReadOnlyList<string> names = [];
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(() => Outer(2000, ParkHere));
            carrier.Resume(coroutine);
            names = s_watched!.OfParked()!;
            carrier.Finish(coroutine);
        });
        Assert.Equal(ManagedFrames.More, names[^1]);
        Assert.InRange(names.Count, 20, 400);
        Assert.All(names.Skip(3).SkipLast(1), static name => Assert.Equal($"{s_class}.Outer", name));
    }

    [SwitchedFact]
    public void A_thread_that_sleeps_shows_who_called_Sleep()
    {
        IReadOnlyList<string> names = Watch(static () => Outer(2, static () =>
        {
            Note();
            while (!s_ends)
                Thread.Sleep(20);
        }), static watched => WatchedThread.Await(watched.OfNative, static names => names.Contains("System.Threading.Thread.Sleep")));
        Assert.Equal(["System.Threading.Thread.Sleep", .. s_trace!], names.SkipWhile(static name => name != "System.Threading.Thread.Sleep"));
    }

    [SwitchedFact]
    public void A_thread_that_waits_for_a_lock_shows_who_takes_it()
    {
        var gate = new object();
        IReadOnlyList<string> names;
        lock (gate)
        {
            names = Watch(() => TakeLock(gate), watched =>
            {
                IReadOnlyList<string> names = WatchedThread.Await(watched.OfNative, static names => names.Any(static name => name.Contains("Monitor", StringComparison.Ordinal)));
                Monitor.Exit(gate);
                return names;
            });
            Monitor.Enter(gate);
        }
        Assert.Equal(s_trace, names.SkipWhile(static name => !name.EndsWith(nameof(TakeLock), StringComparison.Ordinal)));
    }

    [SwitchedFact]
    public void A_thread_in_a_foreign_function_shows_its_name()
    {
        IReadOnlyList<string> names = Watch(static () =>
        {
            Note();
            while (!s_ends)
                usleep(20_000);
        }, static watched => WatchedThread.Await(watched.OfNative, static names => names[0].EndsWith(nameof(usleep), StringComparison.Ordinal)));
        Assert.Equal([$"{s_class}.{nameof(usleep)}", .. s_trace!], names);
    }

    [SwitchedTheory]
    [InlineData("a loop")]
    [InlineData("a loop that was replaced while it ran")]
    [InlineData("a loop in a catch block")]
    [InlineData("a loop in a callback of native code")]
    [InlineData("a loop in a generic method")]
    public void A_thread_that_computes_shows_where(string place)
    {
        IReadOnlyList<string> names = Watch(s_loops[place], static watched => WatchedThread.Await(watched.OfComputing));
        Assert.Equal(s_trace, WatchedThread.Named(names));
    }

    [SwitchedFact]
    public void Small_methods_that_come_and_go_do_not_hide_who_called_them()
    {
        int leaves = 0;
        _ = Watch(static () => CallSmallMethods(), watched =>
        {
            for (int i = 0; i < 3000; i++)
            {
                if (watched.OfComputing() is not { } found)
                    continue;
                string[] names = WatchedThread.Named(found);
                // A property of the runtime's, or a stub, may be the innermost; whoever calls must be there, once.
                int caller = Array.IndexOf(names, $"{s_class}.{nameof(CallSmallMethods)}");
                Assert.True(caller is 0 or 1 or 2, string.Join(", ", found));
                if (caller > 0)
                    leaves++;
                if (caller == 2)
                    Assert.Equal([$"{s_class}.{nameof(SmallLeaf)}", $"{s_class}.{nameof(SmallCaller)}"], names[..2]);
                Assert.Equal(s_trace![1..], names[(caller + 1)..]);
            }
            return [];
        });
        Assert.InRange(leaves, 1, int.MaxValue);
    }

    [SwitchedFact]
    public void A_thread_that_is_elsewhere_or_nowhere_gives_no_answer()
    {
        _ = Watch(s_loops["a loop"], static watched =>
        {
            Coroutine coroutine = watched.Coroutine;
            nint size = coroutine.StackBase - coroutine.StackLimit;
            _ = WatchedThread.Await(watched.OfComputing);
            Assert.Null(watched.OfNative());
            Assert.Null(ManagedFrames.OfComputing(coroutine.RuntimeThread, watched.OSId, coroutine.StackLimit - size, coroutine.StackLimit));
            Assert.Null(ManagedFrames.OfComputing(coroutine.RuntimeThread, int.MaxValue, coroutine.StackLimit, coroutine.StackBase));
            return [];
        });
        Assert.Null(ManagedFrames.OfNative(0, 0x1000, 0x2000));
        Assert.Null(ManagedFrames.OfParked(8, 0x1800, 0x1000, 0x2000));
    }

    // Stands for whatever a race could make of a stack.
    [SwitchedFact]
    public unsafe void Any_words_at_all_on_the_stack_do_no_harm()
    {
        const int words = 512;
        var random = new Random(1);
        nint* stack = stackalloc nint[words];
        nint[] code = [.. s_places.Values.Select(static place => place.Method.MethodHandle.GetFunctionPointer()),
            .. typeof(string).GetMethods().Where(static method => !method.ContainsGenericParameters).Select(static method => method.MethodHandle.GetFunctionPointer())];
        for (int i = 0; i < 2000; i++)
        {
            for (int j = 0; j < words; j++)
            {
                stack[j] = random.Next(5) switch
                {
                    0 => (nint)random.NextInt64(),
                    1 => (nint)(stack + random.Next(words)),
                    2 => code[random.Next(code.Length)] + random.Next(64),
                    3 => random.Next(20),
                    _ => -1,
                };
            }
            // The words are a Thread as well: one of them is its frame, another its mode.
            _ = ManagedFrames.OfParked((nint)stack, (nint)(stack + 1), (nint)stack, (nint)(stack + words));
            _ = ManagedFrames.OfNative((nint)stack, (nint)stack, (nint)(stack + words));
        }
    }

    private static string[] Park(Action body)
    {
        string[] names = [];
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(body);
            carrier.Resume(coroutine);
            IReadOnlyList<string> all = s_watched!.OfParked()!;
            Assert.DoesNotContain(ManagedFrames.Unknown, all);
            Assert.DoesNotContain(ManagedFrames.More, all);
            names = WatchedThread.Named(all);
            carrier.Finish(coroutine);
        });
        return names;
    }

    // Runs the body on a coroutine of another OS thread, and looks at it from here once it has noted itself.
    private static IReadOnlyList<string> Watch(Action body, Func<WatchedThread, IReadOnlyList<string>> watch)
    {
        (s_ends, s_watched, s_trace) = (false, null, null);
        Task carrier = TestCarrier.Start(carrier => carrier.Finish(carrier.Create(body)));
        try
        {
            Assert.True(SpinWait.SpinUntil(() => s_watched is not null || carrier.IsCompleted, TimeLimit.Generous));
            return watch(s_watched!);
        }
        finally
        {
            s_ends = true;
            carrier.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ParkHere()
    {
        (s_trace, s_watched) = (WatchedThread.Trace(), WatchedThread.Current);
        Coroutine.Current!.Suspend();
    }

    // The trace is that of the caller, which is where it will be seen.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Note()
    {
        s_trace = WatchedThread.Trace()[1..];
        s_watched = WatchedThread.Current;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TakeLock(object gate)
    {
        Note();
        lock (gate)
            s_sum++;
    }

    [LibraryImport("libc")]
    private static partial int usleep(uint microseconds);
}
