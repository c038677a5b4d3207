using System.Linq.Expressions;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace GreenThreads.Tests;

/// <summary>
/// Where the runtime says that native frames lie between a coroutine's code and the base of its stack (DESIGN.md §2 rule 9): a park there may
/// only be ended on the same OS thread.
/// </summary>
public sealed partial class NativeFramesTests
{
    private static readonly Dictionary<string, Func<bool>> s_places = new()
    {
        ["plain code"] = Ask,
        ["a finally block"] = InFinally,
        ["a finally block that an exception passes"] = InFinallyOfAnException,
        ["a catch block"] = InCatch,
        ["an exception filter"] = InFilter,
        ["a static constructor"] = () => WithStaticConstructor.Answer,
        ["reflection"] = () => (bool)typeof(ForOneTest).GetMethod(nameof(ForOneTest.AskByReflection))!.Invoke(null, null)!,
        ["reflection, once it has compiled its stub"] = () => InvokeOften(() => (bool)AskMethod.Invoke(null, null)!),
        ["DynamicInvoke"] = () => (bool)((Delegate)(ForOneTest.Asks)Ask).DynamicInvoke()!,
        ["DynamicInvoke, once it has compiled its stub"] = () => InvokeOften(() => (bool)((Delegate)Ask).DynamicInvoke()!),
        ["Activator"] = () => ((AsksInConstructor)Activator.CreateInstance(typeof(AsksInConstructor))!).Answer,
        ["a sort comparer"] = InSortComparer,
        ["an iterator"] = () => Iterate().Single(),
        ["Lazy"] = () => new Lazy<bool>(Ask).Value,
        ["a dynamic method"] = InDynamicMethod,
        ["a compiled expression"] = () => Expression.Lambda<Func<bool>>(Expression.Call(AskMethod)).Compile()(),
        ["an interpreted expression"] = () => Expression.Lambda<Func<bool>>(Expression.Call(AskMethod)).Compile(preferInterpretation: true)(),
        ["a method that is called for the first time"] = AskForTheFirstTime,
        ["a multicast delegate"] = InMulticast,
        ["an interface method"] = () => ((IAsks)new AsksThroughInterface()).Answer(),
        ["a generic virtual method"] = () => new AsksThroughInterface().Generic<string>(),
        ["an asynchronous method before its first await"] = () => AskAsync().Result,
        ["ExecutionContext.Run"] = InExecutionContext,
        ["a match evaluator"] = InMatchEvaluator,
        ["string.Create"] = InStringCreate,
        ["a callback of native code"] = InNativeCallback,
        ["a callback of native code through a delegate"] = InNativeDelegate,
        ["RuntimeHelpers.RunClassConstructor"] = InRunClassConstructor,
    };

    private static MethodInfo AskMethod => ((Func<bool>)Ask).Method;

    [SwitchedTheory]
    [InlineData("plain code", false)]
    [InlineData("a finally block", false)]
    [InlineData("a finally block that an exception passes", true)]
    [InlineData("a catch block", true)]
    [InlineData("an exception filter", true)]
    [InlineData("a static constructor", true)]
    [InlineData("reflection", true)]
    [InlineData("reflection, once it has compiled its stub", false)]
    [InlineData("DynamicInvoke", true)]
    [InlineData("DynamicInvoke, once it has compiled its stub", false)]
    [InlineData("Activator", false)]
    [InlineData("a sort comparer", false)]
    [InlineData("an iterator", false)]
    [InlineData("Lazy", false)]
    [InlineData("a dynamic method", false)]
    [InlineData("a compiled expression", false)]
    [InlineData("an interpreted expression", false)]
    [InlineData("a method that is called for the first time", false)]
    [InlineData("a multicast delegate", false)]
    [InlineData("an interface method", false)]
    [InlineData("a generic virtual method", false)]
    [InlineData("an asynchronous method before its first await", false)]
    [InlineData("ExecutionContext.Run", false)]
    [InlineData("a match evaluator", false)]
    [InlineData("string.Create", false)]
    [InlineData("a callback of native code", true)]
    [InlineData("a callback of native code through a delegate", true)]
    [InlineData("RuntimeHelpers.RunClassConstructor", true)]
    public void The_runtime_tells(string place, bool hasNativeFrames) =>
        Assert.Equal(hasNativeFrames, TestCarrier.Evaluate(s_places[place]));

    [SwitchedFact]
    public void Every_place_is_asked_for() => Assert.Equal(s_places.Count, typeof(NativeFramesTests).GetMethod(nameof(The_runtime_tells))!.GetCustomAttributes<InlineDataAttribute>().Count());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Ask() => Coroutine.Current!.HasNativeFrames;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool AskForTheFirstTime() => Coroutine.Current!.HasNativeFrames;

    private static bool InvokeOften(Func<bool> call)
    {
        bool answer = false;
        for (int i = 0; i < 100; i++)
            answer = call();
        return answer;
    }

    private static bool InFinally()
    {
        bool answer = true;
        try
        {
            Throw(false);
        }
        finally
        {
            answer = Ask();
        }
        return answer;
    }

    private static bool InFinallyOfAnException()
    {
        bool answer = false;
        try
        {
            try
            {
                Throw(true);
            }
            finally
            {
                answer = Ask();
            }
        }
        catch (InvalidOperationException)
        {
        }
        return answer;
    }

    private static bool InCatch()
    {
        try
        {
            Throw(true);
            return false;
        }
        catch (InvalidOperationException)
        {
            return Ask();
        }
    }

    private static bool InFilter()
    {
        bool answer = false;
        try
        {
            Throw(true);
        }
        catch (InvalidOperationException) when (Remember(ref answer))
        {
        }
        return answer;
    }

    private static bool Remember(ref bool answer)
    {
        answer = Ask();
        return true;
    }

    private static bool InSortComparer()
    {
        bool answer = true;
        int[] numbers = [3, 1, 2];
        Array.Sort(numbers, (a, b) =>
        {
            answer = Ask();
            return a.CompareTo(b);
        });
        return answer;
    }

    private static IEnumerable<bool> Iterate()
    {
        yield return Ask();
    }

    private static bool InDynamicMethod()
    {
        var method = new DynamicMethod("asks", typeof(bool), null, typeof(NativeFramesTests).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Call, AskMethod);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<bool>>()();
    }

    private static bool InMulticast()
    {
        bool answer = true;
        Action both = () => { };
        both += () => answer = Ask();
        both();
        return answer;
    }

    private static async Task<bool> AskAsync()
    {
        bool answer = Ask();
        await Task.CompletedTask;
        return answer;
    }

    private static bool InExecutionContext()
    {
        bool answer = true;
        ExecutionContext.Run(ExecutionContext.Capture()!, _ => answer = Ask(), null);
        return answer;
    }

    private static bool InMatchEvaluator()
    {
        bool answer = true;
        _ = Letter().Replace("a", _ =>
        {
            answer = Ask();
            return "";
        });
        return answer;
    }

    private static bool InStringCreate()
    {
        bool answer = true;
        _ = string.Create(1, 0, (span, _) =>
        {
            answer = Ask();
            span[0] = ' ';
        });
        return answer;
    }

    private static unsafe bool InNativeCallback()
    {
        int[] numbers = [2, 1];
        s_answer = false;
        fixed (int* first = numbers)
            qsort(first, 2, sizeof(int), &Compare);
        return s_answer;
    }

    private static unsafe bool InNativeDelegate()
    {
        int[] numbers = [2, 1];
        s_answer = false;
        Comparison compare = CompareThroughDelegate;
        fixed (int* first = numbers)
            qsort(first, 2, sizeof(int), (delegate* unmanaged[Cdecl]<int*, int*, int>)Marshal.GetFunctionPointerForDelegate(compare));
        GC.KeepAlive(compare);
        return s_answer;
    }

    private static bool InRunClassConstructor()
    {
        RuntimeHelpers.RunClassConstructor(typeof(WithStaticConstructorToRun).TypeHandle);
        return WithStaticConstructorToRun.Answer;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private unsafe delegate int Comparison(int* a, int* b);

    private static bool s_answer;

    [LibraryImport("libc")]
    private static unsafe partial void qsort(int* first, nint count, nint size, delegate* unmanaged[Cdecl]<int*, int*, int> compare);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int Compare(int* a, int* b) => CompareThroughDelegate(a, b);

    private static unsafe int CompareThroughDelegate(int* a, int* b)
    {
        s_answer = Ask();
        return *a - *b;
    }

    private static void Throw(bool really)
    {
        if (really)
            throw new InvalidOperationException();
    }

    [GeneratedRegex("[a-z]")]
    private static partial Regex Letter();

    private interface IAsks
    {
        bool Answer();
    }

    private sealed class AsksThroughInterface : IAsks
    {
        public bool Answer() => Ask();

        internal bool Generic<T>() => typeof(T) == typeof(string) && Ask();
    }

    // The runtime compiles a stub for a method that has been invoked before: so nobody else uses these.
    private static class ForOneTest
    {
        internal delegate bool Asks();

        public static bool AskByReflection() => Ask();
    }

    private sealed class AsksInConstructor
    {
        public bool Answer { get; } = Ask();
    }

    private static class WithStaticConstructor
    {
        internal static readonly bool Answer;

        static WithStaticConstructor() => Answer = Ask();
    }

    private static class WithStaticConstructorToRun
    {
        internal static readonly bool Answer;

        static WithStaticConstructorToRun() => Answer = Ask();
    }
}
