using System.Runtime.ExceptionServices;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// The body, its end, and those who wait for it.
public partial class GreenThread
{
    private static readonly ContextCallback s_runBody = static state => ((GreenThread)state!).RunBody();

    // Guards _joiners, _completion and the step to Ended. Held for a few instructions; never parked over.
    private SpinGate _gate;
    private WaitList _joiners;
    private TaskCompletionSource? _completion;
    private volatile bool _hasStarted;

    // Written before the step to Ended, read after it.
    private UnobservedFailure? _failure;

    /// <summary>
    /// Waits for the end, and throws what ended it. Parks a green thread; blocks a plain OS thread. May be called any number of times.
    /// </summary>
    /// <exception cref="InvalidOperationException">A green thread wants to join itself.</exception>
    /// <exception cref="Exception">What the body threw, with the stack trace of where it did.</exception>
    public void Join()
    {
        WaitForEnd(Deadline.Never, default);
        ThrowIfFailed();
    }

    /// <summary>The same, for a limited time.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">A green thread wants to join itself.</exception>
    /// <exception cref="Exception">What the body threw, with the stack trace of where it did.</exception>
    public bool Join(TimeSpan timeout)
    {
        if (!WaitForEnd(Deadline.After(timeout), default))
            return false;
        ThrowIfFailed();
        return true;
    }

    /// <summary>The same, until the token is cancelled. The green thread itself goes on.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="InvalidOperationException">A green thread wants to join itself.</exception>
    /// <exception cref="Exception">What the body threw, with the stack trace of where it did.</exception>
    public void Join(CancellationToken cancellationToken)
    {
        if (!WaitForEnd(Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
        ThrowIfFailed();
    }

    /// <summary>
    /// A task that completes when the body has ended, with its exception if it threw one; cancelled if that is an <see cref="OperationCanceledException"/>, as in
    /// an asynchronous method. Whoever takes it also takes the duty to observe that exception: from then on
    /// <see cref="TaskScheduler.UnobservedTaskException"/> tells of it and not this library. Does not park.
    /// </summary>
    public Task Completion => CompletionCore;

    /// <summary>Lets asynchronous code await the end; it throws what the body threw. Does not park.</summary>
    public TaskAwaiter GetAwaiter() => CompletionCore.GetAwaiter();

    /// <summary>Whether it has ended; its failure and result are then there to read.</summary>
    private protected bool HasEnded => _park.IsEnded;

    private protected virtual Task CompletionCore
    {
        get
        {
            bool ended;
            using (_gate.Enter())
            {
                _completion ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ended = HasEnded;
            }
            if (ended)
                Complete();
            return _completion.Task;
        }
    }

    /// <summary>Hands the outcome to the completion task, if anybody has asked for it.</summary>
    private protected virtual void Complete()
    {
        if (_completion is not { } completion)
            return;
        using (NoPark.Enter())
            Complete(completion);
    }

    private protected virtual void Complete(TaskCompletionSource completion)
    {
        if (Observe() is { } failure)
            TaskOutcome.Fail(completion, failure.SourceException);
        else
            completion.TrySetResult();
    }

    /// <summary>What the body threw, which counts as observed from now on.</summary>
    private protected ExceptionDispatchInfo? Observe() => _failure?.Observe();

    /// <summary>Whether its body runs even if its group was cancelled before.</summary>
    private protected virtual bool BeginsWhenCanceled => false;

    /// <summary>Finds another place for a body that cannot be given a stack.</summary>
    private protected virtual bool TryRunElsewhere(Delegate body, ExecutionContext? context) => false;

    private protected virtual void InvokeBody(Delegate body) => Unsafe.As<Action>(body)();

    /// <summary>Runs the body to its end, on this green thread's stack. Lets no exception out that is to be kept.</summary>
    internal void Execute()
    {
        _hasStarted = true;
        ExecutionContext context = _context ?? DefaultContext;
        _context = null;
        // It stays from one tenant of a coroutine to the next: ExecutionContext.Run undoes what a body sets instead.
        if (SynchronizationContext.Current != Group.SynchronizationContext)
            SynchronizationContext.SetSynchronizationContext(Group.SynchronizationContext);
        try
        {
            ExecutionContext.Run(context, s_runBody, this);
        }
        catch (GreenThreadCanceledException exception) when (IsCancelRequested)
        {
            // Nobody need ask for it: whoever cancelled it wanted it.
            _failure = Keep(exception, isCancellation: true);
            _ = _failure.Observe();
        }
        catch (Exception exception) when (KeepsExceptions)
        {
            _failure = Keep(exception);
        }
        if (HasForgottenScopes)
            CloseForgottenScopes();
        End();
    }

    // Outside of the body nothing may park, which would throw once more if it is cancelled.
    private UnobservedFailure Keep(Exception exception, bool isCancellation = false)
    {
        using (NoPark.Enter())
            return new UnobservedFailure(this, ExceptionDispatchInfo.Capture(exception), isCancellation);
    }

    /// <summary>Ends a green thread that could not be started.</summary>
    internal void Fail(Exception exception)
    {
        bool isElsewhere = TryRunElsewhere(_body!, _context);
        _body = null;
        _context = null;
        _hasStarted = true;
        _failure = Keep(exception);
        if (isElsewhere)
            _ = _failure.Observe();
        End();
    }

    // The context of a thread that nobody has changed; for green threads that were spawned while the flow was suppressed, so that they do not
    // see what the last tenant of their coroutine left.
    private static ExecutionContext DefaultContext { get; } = CaptureDefault();

    /// <summary>The context that a green thread spawned here would run in.</summary>
    internal static ExecutionContext CaptureContext() => ExecutionContext.Capture() ?? DefaultContext;

    private static ExecutionContext CaptureDefault()
    {
        ExecutionContext? context = null;
        var thread = new Thread(() => context = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return context!;
    }

    private void RunBody()
    {
        Delegate body = _body!;
        _body = null;
        if (!BeginsWhenCanceled)
            ThrowIfCanceled();
        InvokeBody(body);
    }

    private void End()
    {
        // Before the joiners wake: who has joined all may expect that they are counted.
        Group.CountEnd(this);
        Locals = null;
        using (_gate.Enter())
        {
            _park.End();
            // Under the gate: once it is free, no joiner is in the list, so each may wait for something else at once.
            _joiners.WakeAll();
        }
        Interlocked.MemoryBarrier(); // Pairs with the compare-exchange in GreenThread<T>.CompletionCore: one of the two sees the other.
        Complete();
        if (_innermostScope is not null)
            LeaveScope();
        _links?.RemoveAll();
    }

    /// <summary>Waits for the end and leaves what ended it alone. Parks.</summary>
    internal bool WaitForEnd(Deadline deadline) => WaitForEnd(deadline, default);

    /// <summary>What ended it, which counts as observed from now on; null if nothing did.</summary>
    internal Exception? TakeFailure() => Observe()?.SourceException;

    /// <summary>Whether it has ended with an exception.</summary>
    internal bool HasFailed => HasEnded && _failure is not null;

    /// <summary>The same, until the token is cancelled too; false if that or the deadline came first.</summary>
    internal bool WaitForEnd(Deadline deadline, CancellationToken cancellationToken)
    {
        if (HasEnded)
            return true;
        Waiter self = Waiter.Current;
        if (ReferenceEquals(self, this))
            throw new InvalidOperationException("a green thread cannot join itself");

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((Waiter)state!).Wake(), self);
        if (!TryAddJoiner(self))
            return true;
        self.WaitsForNothingElse = deadline.IsNever && !cancellationToken.CanBeCanceled;
        self.WaitsFor = this;
        try
        {
            while (!HasEnded && !cancellationToken.IsCancellationRequested && !deadline.HasPassed)
                self.ParkCore(deadline);
        }
        catch
        {
            // Cancelled, or Thread.Interrupt of a plain OS thread: the waiter must not stay behind in the list.
            TryRemoveJoiner(self);
            throw;
        }
        finally
        {
            self.WaitsFor = null;
        }
        return !TryRemoveJoiner(self);
    }

    /// <summary>Adds one whom the end wakes. Any thread.</summary>
    /// <returns>False if the end has come first.</returns>
    internal bool TryAddJoiner(WaitNode waiter)
    {
        using (_gate.Enter())
        {
            if (HasEnded)
                return false;
            _joiners.Add(waiter);
            return true;
        }
    }

    /// <summary>Takes one out again. Any thread.</summary>
    /// <returns>False if the end has come first; the waiter is in no list in either case.</returns>
    internal bool TryRemoveJoiner(WaitNode waiter)
    {
        using (_gate.Enter())
        {
            if (HasEnded)
                return false;
            _joiners.Remove(waiter);
            return true;
        }
    }

    /// <summary>How many will be told of its end. For tools and tests.</summary>
    internal int JoinerCount
    {
        get
        {
            using (_gate.Enter())
                return _joiners.Count();
        }
    }

    private protected void ThrowIfFailed() => Observe()?.Throw();
}
