using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace GreenThreads.Tests;

/// <summary>Foreign calls from whatever kind of thread.</summary>
public abstract unsafe class ForeignContract : ThreadContract
{
    [ThreadStatic]
    private static object? t_own;

    [Fact]
    public void Arguments_and_the_result_go_through() => Run(() =>
    {
        Assert.Equal(Environment.ProcessId, (int)Foreign.Call(NativeFunctions.GetPid));
        Assert.Equal(5, Foreign.Call(NativeFunctions.Abs, -5));
        byte* buffer = stackalloc byte[100];
        fixed (byte* format = "%ld-%ld-%ld\0"u8)
            Assert.Equal(18, Foreign.Call(NativeFunctions.Print, (nint)buffer, 100, (nint)format, 123456, -7654321, 77));
        Assert.Equal("123456--7654321-77", Encoding.ASCII.GetString(buffer, 18));
        Assert.Throws<ArgumentNullException>(() => Foreign.Call(0));
    });

    [Fact]
    public void Errno_of_the_call_is_kept() => Run(() =>
    {
        bool wasSystemError = false;
        for (int i = 0; i < 20; i++)
        {
            Marshal.SetLastPInvokeError(i);
            Assert.Equal(-1, (int)Foreign.CallKeepingError(NativeFunctions.Close, -1));
            // Any system call of the runtime's may change it, so once is enough.
            wasSystemError |= Marshal.GetLastSystemError() == Errno.EBADF;
            Assert.Equal(Errno.EBADF, Marshal.GetLastPInvokeError());
        }
        Assert.True(wasSystemError);
        Foreign.CallKeepingError(NativeFunctions.GetPid);
        Assert.Equal(0, Marshal.GetLastPInvokeError());
    });

    [Fact]
    public void Run_returns_the_result_and_is_the_same_thread() => Run(() =>
    {
        t_own = new object();
        object mine = t_own;
        int id = Environment.CurrentManagedThreadId;
        GreenThread? self = GreenThread.Current;
        var gate = new Lock();
        lock (gate)
        {
            Assert.Equal("result", Foreign.Run(() =>
            {
                Assert.Same(mine, t_own);
                Assert.Equal(id, Environment.CurrentManagedThreadId);
                Assert.Same(self, GreenThread.Current);
                Assert.True(gate.IsHeldByCurrentThread);
                return "result";
            }));
        }
    });

    [Fact]
    public void What_Run_throws_comes_back_with_its_stack() => Run(() =>
    {
        for (int i = 0; i < 3; i++)
        {
            Exception thrown = Assert.Throws<InvalidDataException>(() => Foreign.Run(ThrowHere));
            Assert.Contains(nameof(ThrowHere), thrown.StackTrace, StringComparison.Ordinal);
            Assert.Throws<InvalidDataException>(() => Foreign.Run<int>(() => throw new InvalidDataException("expected")));
        }
    });

    [Fact]
    public void Exceptions_within_Run_are_caught_there_and_their_finally_blocks_run() => Run(() =>
    {
        var order = new List<string>();
        Foreign.Run(() =>
        {
            try
            {
                try
                {
                    ThrowHere();
                }
                finally
                {
                    order.Add("finally");
                    Yield();
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
                }
            }
            catch (InvalidDataException exception) when (exception.Message == "expected")
            {
                Yield();
                order.Add("catch");
            }
            object? nothing = order.Count == 0 ? order : null;
            Assert.Throws<NullReferenceException>(() => nothing!.ToString());
        });
        Assert.Equal(["finally", "catch"], order);
    });

    [Fact]
    public void A_comparer_that_parks_sorts() => Run(() =>
    {
        int[] numbers = NativeFunctions.Shuffled(500, seed: 1);
        int compared = 0;
        NativeFunctions.Sort(numbers, (left, right) =>
        {
            if (++compared % 10 == 0)
                Yield();
            if (compared % 1000 == 0)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            return (*left).CompareTo(*right);
        });
        Assert.Equal(Enumerable.Range(0, 500), numbers);
    });

    [Fact]
    public void Many_sort_at_once_with_comparers_that_sleep() => Run(() =>
    {
        Task[] others = [.. Enumerable.Range(0, 20).Select(i => Start(() =>
        {
            int[] numbers = NativeFunctions.Shuffled(100, seed: i);
            int compared = 0;
            NativeFunctions.Sort(numbers, (left, right) =>
            {
                if (++compared % 50 == 0)
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                return (*left).CompareTo(*right);
            });
            Assert.Equal(Enumerable.Range(0, 100), numbers);
        }))];
        Join(others);
    });

    [Fact]
    public void A_foreign_call_in_a_callback_in_a_foreign_call_works() => Run(() =>
    {
        int[] numbers = NativeFunctions.Shuffled(50, seed: 3);
        NativeFunctions.Sort(numbers, (left, right) =>
        {
            int[] inner = NativeFunctions.Shuffled(10, seed: *left);
            NativeFunctions.Sort(inner, static (a, b) =>
            {
                GreenThread.Yield();
                return Foreign.Run(() => (int)Foreign.Call(NativeFunctions.Abs, *b) - *a);
            });
            Assert.Equal(Enumerable.Range(0, 10).Reverse(), inner);
            return Foreign.Run(() => (*left).CompareTo(*right));
        });
        Assert.Equal(Enumerable.Range(0, 50), numbers);
    });

    [Fact]
    public void A_guard_carries_the_exception_of_a_callback_over_native_code() => Run(() =>
    {
        int[] numbers = NativeFunctions.Shuffled(50, seed: 4);
        var guard = new CallbackGuard();
        int compared = 0;
        NativeFunctions.Sort(numbers, (left, right) => guard.Run(() =>
        {
            if (++compared == 20)
                ThrowHere();
            return (*left).CompareTo(*right);
        }, onFailure: 0));
        Assert.True(guard.HasFailed);
        Exception thrown = Assert.Throws<InvalidDataException>(guard.ThrowIfFailed);
        Assert.Contains(nameof(ThrowHere), thrown.StackTrace, StringComparison.Ordinal);
        Assert.Equal(20, compared);
    });

    [Fact]
    public void Objects_on_both_stacks_survive_compacting_collections() => Run(() =>
    {
        object[] objects = Enumerable.Range(0, 100).Select(static i => (object)("text " + i)).ToArray();
        object outer = new StringBuilder("outer");
        ref object interior = ref objects[50];
        string text = Foreign.Run(() =>
        {
            object inner = new StringBuilder("inner");
            ref object place = ref objects[70];
            Collect();
            Yield();
            Collect();
            return $"{inner} {outer} {place}";
        });
        Assert.Equal("inner outer text 70", text);
        Assert.Equal("text 50", interior);
    });

    [Fact]
    public void RunBlocking_returns_and_throws_as_Run_does() => Run(() =>
    {
        int id = Environment.CurrentManagedThreadId;
        Assert.Equal(id, Foreign.RunBlocking(() => Environment.CurrentManagedThreadId));
        for (int i = 0; i < 3; i++)
        {
            Exception thrown = Assert.Throws<InvalidDataException>(() => Foreign.RunBlocking(ThrowHere));
            Assert.Contains(nameof(ThrowHere), thrown.StackTrace, StringComparison.Ordinal);
        }
        Assert.Equal(3, Foreign.RunBlocking(() => Foreign.RunBlocking(() => Foreign.Run(() => 3))));
        Foreign.Run(() => Foreign.RunBlocking(() => Yield()));
        try
        {
            ThrowHere();
        }
        catch (InvalidDataException)
        {
            Assert.Equal(4, Foreign.RunBlocking(() => 4));
        }
    });

    [Fact]
    public void Within_RunBlocking_a_thread_may_do_what_it_may_elsewhere() => Run(() =>
    {
        using var semaphore = new SemaphoreSlim(0);
        var channel = new GreenChannel<int>(capacity: 1);
        Task other = null!;
        int got = Foreign.RunBlocking(() =>
        {
            other = Start(() =>
            {
                semaphore.Release();
                channel.Send(7);
            });
            semaphore.Wait();
            GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
            Yield();
            return channel.Receive();
        });
        Assert.Equal(7, got);
        Join(other);
    });

    private static void Collect()
    {
        for (int i = 0; i < 2000; i++)
            _ = new byte[100];
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowHere() => throw new InvalidDataException("expected");
}

public sealed class GreenThreadForeignTests : ForeignContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadForeignTests : ForeignContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
