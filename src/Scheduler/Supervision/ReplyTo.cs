using System.Runtime.ExceptionServices;

namespace GreenThreads;

/// <summary>Where to answer a request: see <see cref="GreenProcess{T}.Request"/>. The first answer counts. Any thread, also another than the one that was asked; nothing here parks.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
public sealed class ReplyTo<T>
{
    private readonly Waiter _asker;

    // Null as long as there is no answer; Abandoned when none is wanted any more. The one step away from null decides.
    private object? _answer;

    internal ReplyTo(Waiter asker) => _asker = asker;

    /// <summary>Whether an answer would still be received.</summary>
    public bool IsWanted => Volatile.Read(ref _answer) is null;

    internal bool HasReplied => Volatile.Read(ref _answer) is Answer;

    /// <summary>Answers.</summary>
    /// <param name="reply">The answer.</param>
    /// <returns>False if there was an answer already, or nobody waits any more.</returns>
    public bool Send(T reply) => Send(new Answer(reply, null));

    /// <summary>Answers with an exception, which the request throws.</summary>
    /// <param name="exception">What to throw.</param>
    /// <returns>False if there was an answer already, or nobody waits any more.</returns>
    /// <exception cref="ArgumentNullException">There is no exception.</exception>
    public bool Fail(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return Send(new Answer(default, ExceptionDispatchInfo.Capture(exception)));
    }

    internal void Abandon() => Interlocked.CompareExchange(ref _answer, Abandoned.Instance, null);

    internal T Take()
    {
        var answer = (Answer)_answer!;
        answer.Failure?.Throw();
        return answer.Value!;
    }

    private bool Send(Answer answer)
    {
        if (Interlocked.CompareExchange(ref _answer, answer, null) is not null)
            return false;
        _asker.Wake();
        return true;
    }

    private sealed record Answer(T? Value, ExceptionDispatchInfo? Failure);

    private sealed class Abandoned
    {
        internal static Abandoned Instance { get; } = new();
    }
}
