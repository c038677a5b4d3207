using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// Items go from senders to receivers in the order in which they were sent; an item that has been sent is received once, or never if nobody asks for it.
//
//   receivers wait   the buffer is empty, and no sender waits
//   senders wait     the buffer is full (of a rendezvous: always), and no receiver waits
//
// Whoever comes while a counterpart waits serves it under the gate: a send writes the item into the first receiver's node, a receive takes it from the first
// sender's, or from the buffer, and the first sender's goes into the free place. So nobody can come in between, and who is woken has nothing to look for.
// One gate, one compare-exchange, an operation.
//
// Nodes: a waiter needs one for as long as it waits. Each list has a spare, taken under the gate; who is done with its node puts it there with a plain
// store, so that of two at once one is lost, which is only garbage. None can be taken twice: takers have the gate, and nobody puts back what it has not taken.
//
//   GreenChannelOfT.cs           what it is made of, and what it tells
//   GreenChannelOfT.Core.cs      what happens under the gate; a select uses it too
//   GreenChannelOfT.Send.cs      sending
//   GreenChannelOfT.Receive.cs   receiving, foreach
//   GreenChannelOfT.Complete.cs  completion
//   GreenChannelOfT.Async.cs     what asynchronous code waits for (GreenChannelReader, GreenChannelWriter)

/// <summary>
/// Hands items from those who send to those who receive, in the order in which they were sent, each to one. Any number of either, green threads and OS threads.
/// Who has to wait parks if it is a green thread, and blocks if it is an OS thread. <see cref="GreenChannel"/> creates the usual kinds.
/// </summary>
/// <remarks>
/// Operations that need not wait let other green threads run now and then, so that no two can keep a scheduler for themselves. Each may therefore throw
/// <see cref="GreenThreadCanceledException"/> if the calling green thread is cancelled; nothing has been sent or received then.
/// </remarks>
[DebuggerDisplay("{ToString(),nq} ({Count} of {Capacity})")]
public sealed partial class GreenChannel<T> : GreenPrimitive
{
    // All guarded by the gate.
    private ChannelBuffer<T> _buffer = new();
    private WaitList _receivers;
    private WaitList _senders;
    private volatile bool _isCompleted;
    private Exception? _error;

    // See above.
    private ChannelNode<T>? _spareReceiver;
    private ChannelNode<T>? _spareSender;

    /// <summary>Creates a channel.</summary>
    /// <param name="capacity">How many items it holds: 0 for a rendezvous, <see cref="int.MaxValue"/> for as many as memory does.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative.</exception>
    public GreenChannel(int capacity = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
    }

    /// <summary>How many items it holds at most: 0 for a rendezvous, <see cref="int.MaxValue"/> for one without bound.</summary>
    public int Capacity { get; }

    /// <summary>How many items it holds at this moment; those of senders that wait are not counted. It has changed when the caller looks at it.</summary>
    public int Count
    {
        get
        {
            Gate.EnterBare();
            int count = _buffer.Count;
            Gate.Exit();
            return count;
        }
    }

    /// <summary>Whether it was completed: nothing more can be sent. What was sent before may still be there to receive.</summary>
    public bool IsCompleted => _isCompleted;

    private protected override int ListCount => 2;

    private protected override WaitList ListAt(int index) => index switch
    {
        0 => _receivers,
        _ => _senders,
    };

    // The first step of each operation, before anything is sent or received: a green thread that is cancelled may learn of it here.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GreenThread? Begin()
    {
        GreenThread? self = GreenThread.Current;
        NoteCaller(self);
        if (self is not null)
        {
            if (self.Scheduler is { } scheduler)
                scheduler.SpendBudget();
            else
                self.ThrowIfCanceled();
        }
        return self;
    }
}
