namespace GreenThreads;

/// <summary>Creates channels.</summary>
public static class GreenChannel
{
    /// <summary>A channel that holds nothing: a sender waits until a receiver has its item, as with an unbuffered channel in Go.</summary>
    public static GreenChannel<T> Rendezvous<T>() => new(0);

    /// <summary>A channel that holds some items: a sender waits while it is full.</summary>
    /// <param name="capacity">How many items it holds; with 0 it is a rendezvous.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative.</exception>
    public static GreenChannel<T> Bounded<T>(int capacity) => new(capacity);

    /// <summary>A channel that holds as many items as memory does: a sender never waits.</summary>
    public static GreenChannel<T> Unbounded<T>() => new(int.MaxValue);
}
