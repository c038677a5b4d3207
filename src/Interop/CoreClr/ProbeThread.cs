using System.Runtime.ExceptionServices;

namespace GreenThreads;

/// <summary>Runs something on a fresh OS thread and hands back its result or its exception.</summary>
internal static class ProbeThread
{
    internal static T Run<T>(Func<T> body)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = body();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        { IsBackground = true, Name = "GreenThreads probe" };
        thread.UnsafeStart();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
