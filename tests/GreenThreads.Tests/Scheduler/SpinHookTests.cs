namespace GreenThreads.Tests;

/// <summary>Green threads that spin let the others of their scheduler run.</summary>
public sealed class SpinHookTests
{
    [SwitchedFact]
    public void The_runtime_is_as_it_is_known_to_be() => Assert.Null(SpinHook.MissingReason);

    [SwitchedTheory]
    [InlineData("SpinWait")]
    [InlineData("Yield")]
    [InlineData("Sleep0")]
    [InlineData("Sleep1")]
    public void Who_spins_lets_an_affine_green_thread_of_the_same_scheduler_run(string kind)
    {
        Green.RunAlone(() =>
        {
            bool isSet = false;
            GreenThread affine = GreenThread.Spawn(() =>
            {
                try
                {
                    throw new InvalidTimeZoneException();
                }
                catch (InvalidTimeZoneException)
                {
                    GreenThread.Yield(); // With native frames on its stack: it stays on this scheduler.
                    Volatile.Write(ref isSet, true);
                }
            });
            GreenThread.Yield();
            var wait = new SpinWait();
            while (!Volatile.Read(ref isSet))
            {
                switch (kind)
                {
                    case "SpinWait": wait.SpinOnce(); break;
                    case "Yield": Thread.Yield(); break;
                    case "Sleep0": Thread.Sleep(0); break;
                    default: Thread.Sleep(1); break;
                }
            }
            affine.Join();
        });
    }

    [SwitchedFact]
    public void So_it_is_in_a_process_that_has_not_slept_before()
    {
        ChildResult child = ChildProcess.Run("spin-first");
        Assert.True(child.ExitCode == 0, child.ToString());
    }

    // The hang that it was written for: Dispose of a registration waits, spinning, for a callback that waits for a lock.
    [SwitchedFact]
    public void A_cancellation_callback_that_waits_for_a_lock_is_waited_for_by_its_registration()
    {
        Green.RunAlone(() =>
        {
            object gate = new();
            using var cancellation = new CancellationTokenSource();
            bool isCalled = false;
            CancellationTokenRegistration registration = cancellation.Token.Register(() =>
            {
                Volatile.Write(ref isCalled, true);
                lock (gate)
                {
                }
            });
            GreenThread canceler;
            lock (gate)
            {
                canceler = GreenThread.Spawn(cancellation.Cancel);
                while (!Volatile.Read(ref isCalled))
                    GreenThread.Yield();
            }
            registration.Dispose();
            canceler.Join();
        });
    }

    [Fact]
    public void Interrupt_still_ends_the_sleep_of_an_OS_thread()
    {
        Green.Run(() => { });
        bool isInterrupted = false;
        var thread = new Thread(() => isInterrupted = Record.Exception(static () => Thread.Sleep(Timeout.Infinite)) is ThreadInterruptedException) { IsBackground = true };
        thread.Start();
        thread.Interrupt();
        Assert.True(thread.Join(TimeLimit.Generous));
        Assert.True(isInterrupted);
    }
}
