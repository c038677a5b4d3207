namespace GreenThreads.Samples.Chat;

/// <summary>
/// A green thread that owns the list of its guests, so that nobody needs a lock: whatever happens in the room comes through one channel, and everybody hears it in the
/// same order. The room never waits for a guest. Who talks faster than the room can tell it waits for the room.
/// </summary>
internal sealed class Room(string name)
{
    private const int Capacity = 128;

    private readonly List<ChatSession> _guests = [];

    internal string Name => name;

    internal GreenChannel<RoomEvent> Events { get; } = GreenChannel.Bounded<RoomEvent>(Capacity);

    /// <summary>Those who have entered, or are about to. Guarded by the house's gate.</summary>
    internal int Guests { get; set; }

    internal void Run()
    {
        foreach (RoomEvent happening in Events)
        {
            switch (happening)
            {
                case Entered { Guest: var guest }:
                    _guests.Add(guest);
                    Tell($"* {guest.Name} is in {name}");
                    break;
                case Left { Guest: var guest }:
                    _guests.Remove(guest);
                    Tell($"* {guest.Name} has left {name}");
                    break;
                case Said { Guest: var guest, Text: var text }:
                    Tell($"{guest.Name}: {text}");
                    break;
                case Asked { Guest: var guest }:
                    guest.Deliver($"* in {name}: {string.Join(", ", _guests.Select(other => other.Name).Order(StringComparer.Ordinal))}");
                    break;
            }
        }
    }

    private void Tell(string line)
    {
        foreach (ChatSession guest in _guests)
            guest.Deliver(line);
    }
}

/// <summary>What happens in a room.</summary>
internal abstract record RoomEvent(ChatSession Guest);

internal sealed record Entered(ChatSession Guest) : RoomEvent(Guest);

internal sealed record Left(ChatSession Guest) : RoomEvent(Guest);

internal sealed record Said(ChatSession Guest, string Text) : RoomEvent(Guest);

/// <summary>Who is there?</summary>
internal sealed record Asked(ChatSession Guest) : RoomEvent(Guest);
