using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Stress;

/// <summary>Calls a green thread's code from places below which native frames lie.</summary>
/// <param name="random">Chooses the place.</param>
/// <param name="stay">What to call, with this and how deep it is nested.</param>
internal sealed partial class AffinePlaces(Random random, Action<AffinePlaces, int> stay)
{
    // Static code finds them here: a thread static belongs to the green thread.
    [ThreadStatic]
    private static AffinePlaces? t_current;

    [ThreadStatic]
    private static int t_depth;

    private static readonly MethodInfo s_stayByReflection =
        typeof(AffinePlaces).GetMethod(nameof(StayByReflection), BindingFlags.Static | BindingFlags.NonPublic)!;

    private ExceptionDispatchInfo? _failure;

    /// <summary>Calls it from one of them.</summary>
    internal void Any(int depth)
    {
        switch (random.Next(7))
        {
            case 0:
                InCatch(depth);
                break;
            case 1:
                InFinally(depth);
                break;
            case 2:
                InFilter(depth);
                break;
            case 3 when FreshTypes.TryTake() is var (one, other):
                (t_current, t_depth) = (this, depth);
                RuntimeHelpers.RunClassConstructor(typeof(InStaticConstructor<,>).MakeGenericType(one, other).TypeHandle);
                break;
            case 4 when FreshTypes.TryTake() is var (one, other):
                // The runtime compiles a stub for a method that has been invoked before.
                s_stayByReflection.MakeGenericMethod(one, other).Invoke(null, [this, depth]);
                break;
            case 5:
                InCallback(depth);
                break;
            default:
                InNestedCatch(depth);
                break;
        }
    }

    private void InCatch(int depth)
    {
        try
        {
            throw new InvalidOperationException("in catch");
        }
        catch (InvalidOperationException exception)
        {
            stay(this, depth);
            Check.That(exception.Message == "in catch", "the exception in a catch block");
        }
    }

    private void InNestedCatch(int depth)
    {
        try
        {
            InCatch(depth);
            throw new FormatException("outer");
        }
        catch (FormatException)
        {
            stay(this, depth);
            InCatch(depth);
        }
    }

    private void InFinally(int depth)
    {
        try
        {
            try
            {
                throw new InvalidOperationException("passes finally");
            }
            finally
            {
                stay(this, depth);
            }
        }
        catch (InvalidOperationException exception) when (exception.Message == "passes finally")
        {
        }
    }

    private void InFilter(int depth)
    {
        // What a filter throws counts as false, so a failure is carried out by hand.
        try
        {
            throw new InvalidOperationException("filtered");
        }
        catch (InvalidOperationException) when (StayCarefully(depth))
        {
        }
        RethrowFailure();
    }

    private unsafe void InCallback(int depth)
    {
        (t_current, t_depth) = (this, depth);
        int* numbers = stackalloc int[] { 2, 1 };
        qsort(numbers, 2, sizeof(int), &Compare);
        Check.That(numbers[0] == 1 && numbers[1] == 2, "what qsort has sorted");
        RethrowFailure();
    }

    private bool StayCarefully(int depth)
    {
        try
        {
            stay(this, depth);
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
        return true;
    }

    private void RethrowFailure()
    {
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    private static void StayByReflection<TOne, TOther>(AffinePlaces places, int depth) => places.StayOf(depth);

    private void StayOf(int depth) => stay(this, depth);

    [LibraryImport("libc")]
    private static unsafe partial void qsort(int* first, nint count, nint size, delegate* unmanaged[Cdecl]<int*, int*, int> compare);

    // No exception may leave it.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int Compare(int* one, int* other)
    {
        t_current!.StayCarefully(t_depth);
        return *one - *other;
    }

    private static class InStaticConstructor<TOne, TOther>
    {
        static InStaticConstructor() => t_current!.StayOf(t_depth);
    }
}
