using System.Collections.Concurrent;

namespace GreenThreads.Tests;

/// <summary>
/// A random tree of scopes whose children fail, cancel, compute, wait and open further ones. It notes what leaves the body of each child, and compares that with what
/// the scope of the child says afterwards.
/// </summary>
internal sealed class ScopeTreeWorld(int seed)
{
    private const int MaximumDepth = 4;
    private const int MaximumChildren = 4;

    private readonly ConcurrentQueue<string> _errors = new();
    private int _running;
    private int _lastNumber;
    private int _scopes;

    internal void Run() => Scope(new Random(seed), MaximumDepth);

    internal void Check()
    {
        Assert.Equal(0, Volatile.Read(ref _running));
        Assert.True(_scopes > 0);
        Assert.True(_errors.IsEmpty, $"seed {seed}: {string.Join("; ", _errors)}");
    }

    // Swallows what Join throws: its caller decides what to throw on.
    private Exception? Scope(Random random, int depth)
    {
        Interlocked.Increment(ref _scopes);
        var left = new ConcurrentDictionary<Exception, bool>(ReferenceEqualityComparer.Instance);
        using var source = new CancellationTokenSource();
        TimeSpan deadline = random.Next(4) == 0 ? TimeSpan.FromMicroseconds(random.Next(2000)) : Timeout.InfiniteTimeSpan;
        var policy = (FailurePolicy)random.Next(3);
        GreenScope scope = GreenScope.Open(deadline, source.Token, policy);
        Exception? end = null;
        try
        {
            int children = random.Next(1, MaximumChildren + 1);
            for (int i = 0; i < children; i++)
            {
                var own = new Random(random.Next());
                scope.Spawn(() => Child(scope, left, own, depth));
            }
            switch (random.Next(8))
            {
                case 0:
                    break; // Leaves without a Join.
                case 1:
                    source.CancelAfter(random.Next(3));
                    scope.Join();
                    break;
                case 2:
                    scope.Cancel();
                    scope.Join();
                    break;
                default:
                    scope.Join();
                    break;
            }
        }
        catch (Exception exception) when (exception is not GreenThreadCanceledException)
        {
            end = exception;
        }
        finally
        {
            IReadOnlyList<Exception> before = scope.Failures; // Looked at: not reported.
            scope.Dispose();
            Compare(scope, left, before);
        }
        return end;
    }

    private void Compare(GreenScope scope, ConcurrentDictionary<Exception, bool> left, IReadOnlyList<Exception> before)
    {
        if (scope.ChildCount != 0)
            _errors.Enqueue($"{scope} has children");
        var failures = new HashSet<Exception>(scope.Failures, ReferenceEqualityComparer.Instance);
        if (before.Any(each => !failures.Contains(each)))
            _errors.Enqueue($"{scope} has forgotten a failure");
        foreach (Exception exception in left.Keys)
        {
            bool mayBeCancellation = IsCancellation(exception);
            if (!mayBeCancellation && !failures.Contains(exception))
                _errors.Enqueue($"{scope} has lost {exception.GetType().Name}: {exception.Message}");
        }
        foreach (Exception failure in failures)
        {
            if (!left.ContainsKey(failure))
                _errors.Enqueue($"{scope} has invented {failure.GetType().Name}: {failure.Message}");
        }
    }

    private static bool IsCancellation(Exception exception) =>
        exception is GreenThreadCanceledException or OperationCanceledException
        || (exception is AggregateException several && several.InnerExceptions.All(IsCancellation));

    private void Child(GreenScope scope, ConcurrentDictionary<Exception, bool> left, Random random, int depth)
    {
        Interlocked.Increment(ref _running);
        try
        {
            Act(scope, random, depth);
        }
        catch (Exception exception)
        {
            left.TryAdd(exception, true);
            throw;
        }
        finally
        {
            if (random.Next(4) == 0)
                GreenThread.RunShielded(GreenThread.Yield);
            Interlocked.Decrement(ref _running);
        }
    }

    private void Act(GreenScope scope, Random random, int depth)
    {
        for (int step = random.Next(3); step >= 0; step--)
        {
            switch (random.Next(depth > 0 ? 12 : 7))
            {
                case 0:
                    throw new FormatException($"failure {Interlocked.Increment(ref _lastNumber)}");
                case 1:
                    GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(1000)));
                    break;
                case 2:
                    for (int i = 0; i < 200; i++)
                        GreenThread.YieldIfDue();
                    break;
                case 3:
                    GreenThread.Yield();
                    break;
                case 4 when random.Next(3) == 0:
                    scope.Cancel();
                    break;
                case 5:
                    GreenThread.Spawn(GreenThread.Yield).Join();
                    break;
                case 6 when random.Next(3) == 0:
                    GreenThread.Current!.Cancel();
                    break;
                default:
                    if (depth > 0 && Scope(random, depth - 1) is { } end && random.Next(2) == 0)
                        throw end;
                    break;
            }
        }
    }
}
