namespace GreenThreads.Samples.Chat;

/// <summary>The rooms, and the names of those who are here. A room begins with its first guest and ends with its last.</summary>
internal sealed class House(GreenScope scope)
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<string, Room> _rooms = [];
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    internal bool TryTakeName(string name)
    {
        lock (_gate)
            return _names.Add(name);
    }

    internal void GiveNameBack(string name)
    {
        lock (_gate)
            _names.Remove(name);
    }

    /// <summary>Parks while the room has much to say.</summary>
    internal Room Enter(string name, ChatSession guest)
    {
        Room? room;
        lock (_gate)
        {
            if (!_rooms.TryGetValue(name, out room))
            {
                room = new Room(name);
                _rooms.Add(name, room);
                scope.Spawn(room.Run, $"room {name}");
            }
            room.Guests++;
        }
        room.Events.Send(new Entered(guest));
        return room;
    }

    /// <summary>Parks while the room has much to say.</summary>
    internal void Leave(Room room, ChatSession guest)
    {
        room.Events.Send(new Left(guest));
        lock (_gate)
        {
            if (--room.Guests > 0)
                return;
            _rooms.Remove(room.Name);
        }
        room.Events.Complete();
    }
}
