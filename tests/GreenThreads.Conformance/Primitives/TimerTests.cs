using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>Timers whose callbacks, on the thread pool, release green threads.</summary>
public sealed class TimerTests(ITestOutputHelper output)
{
    private const int Threads = 500;
    private static readonly TimeSpan s_due = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void Timers_release_the_green_threads_that_wait_for_them()
    {
        Crowd.Run(output, Threads, _ =>
        {
            using var ticks = new SemaphoreSlim(0);
            using (new Timer(static state => ((SemaphoreSlim)state!).Release(), ticks, s_due, s_due))
            {
                for (int i = 0; i < 3; i++)
                    Assert.True(ticks.Wait(TimeLimit.Generous), "the timer did not fire");
            }
        });
    }

    [Fact]
    public void The_end_of_a_timer_is_waited_for()
    {
        Crowd.Run(output, Threads, _ =>
        {
            using var fired = new ManualResetEventSlim();
            using var ended = new ManualResetEvent(false);
            var timer = new Timer(_ => fired.Set(), null, s_due, Timeout.InfiniteTimeSpan);
            fired.Wait();
            Assert.True(timer.Dispose(ended));
            Assert.True(ended.WaitOne(TimeLimit.Generous), "the timer's end was not told");
        });
    }

    [Fact]
    public void Periodic_timers_tick_for_green_threads_that_block_and_for_async_methods()
    {
        Crowd.Run(output, Threads, thread =>
        {
            using var timer = new PeriodicTimer(s_due);
            if (thread % 2 == 0)
            {
                for (int i = 0; i < 3; i++)
                    Assert.True(timer.WaitForNextTickAsync().AsTask().Result);
            }
            else
            {
                Assert.Equal(3, CountAsync(timer).Result);
            }
        });

        static async Task<int> CountAsync(PeriodicTimer timer)
        {
            int ticks = 0;
            while (await timer.WaitForNextTickAsync())
            {
                if (++ticks == 3)
                    timer.Dispose();
            }
            return ticks;
        }
    }

    [Fact]
    public void Delays_and_cancellations_after_a_time_end_waits()
    {
        Crowd.Run(output, Threads, _ =>
        {
            Task.Delay(s_due).Wait();
            using var cancellation = new CancellationTokenSource(s_due);
            using var never = new SemaphoreSlim(0);
            Assert.Throws<OperationCanceledException>(() => never.Wait(cancellation.Token));
            Assert.False(never.Wait(s_due));
        });
    }
}
