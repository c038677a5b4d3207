using System.Net.Sockets;
using System.Text;

namespace GreenThreads.Samples.Chat;

/// <summary>
/// A guest: one green thread reads what they say, and one writes what they are told, which lies in a channel until then.
/// <code>
///   socket ──► Listen ──► Room.Events          Room ──► outbox ──► Serve ──► socket
/// </code>
/// The channel is bounded, and nobody waits for room in it: a guest who does not read is disconnected, and never holds up a room.
/// </summary>
internal sealed class ChatSession : Session
{
    private const int MaximumLine = 512;
    private const int MaximumName = 24;

    private readonly House _house;
    private readonly GreenChannel<string> _outbox;
    private Room? _room;

    internal ChatSession(GreenTcpStream stream, House house, ChatLimits limits)
        : base(stream)
    {
        _house = house;
        _outbox = GreenChannel.Bounded<string>(limits.Outbox);
        stream.ReadTimeout = (int)limits.IdleTimeout.TotalMilliseconds;
        stream.WriteTimeout = (int)limits.WriteTimeout.TotalMilliseconds;
    }

    /// <summary>Empty until they have said it.</summary>
    internal string Name { get; private set; } = "";

    internal override void Serve()
    {
        using GreenScope scope = GreenScope.Open();
        scope.Spawn(Listen, "listener");
        var batch = new StringBuilder();
        foreach (string line in _outbox)
        {
            batch.Clear().Append(line).Append('\n');
            while (batch.Length < 4096 && _outbox.TryReceive(out string? next))
                batch.Append(next).Append('\n');
            Stream.Write(Encoding.UTF8.GetBytes(batch.ToString()));
        }
    }

    internal override void Stop()
    {
        Deliver("* the server ends");
        base.Stop();
    }

    /// <summary>Tells them something. Does not park. Any thread.</summary>
    internal void Deliver(string line)
    {
        if (_outbox.TrySend(line) || _outbox.IsCompleted)
            return;
        try
        {
            Stream.Shutdown(SocketShutdown.Both); // The reader finds the end, the writer an error.
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // They have gone already.
        }
    }

    private void Listen()
    {
        try
        {
            var lines = new LineReader(Stream, MaximumLine);
            if (AskName(lines))
            {
                while (lines.Read() is { } line && Handle(line))
                {
                }
            }
        }
        catch (InvalidDataException exception)
        {
            Deliver($"* {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // They have gone, or were silent for too long.
        }
        finally
        {
            GreenThread.RunShielded(Leave); // Also when this green thread is cancelled: the room must hear of it.
            _outbox.TryComplete();
        }
    }

    private bool AskName(LineReader lines)
    {
        Deliver("* what is your name?");
        while (lines.Read() is { } line)
        {
            string name = line.Trim();
            if (name.Length is 0 or > MaximumName || name.Any(c => !char.IsLetterOrDigit(c) && c is not '-' and not '_'))
                Deliver($"* a name has letters and digits, at most {MaximumName}");
            else if (!_house.TryTakeName(name))
                Deliver($"* {name} is somebody else");
            else
            {
                Name = name;
                Deliver($"* hello {name}; /join ROOM, /leave, /who, /quit");
                return true;
            }
        }
        return false;
    }

    /// <summary>Returns false when they want to go.</summary>
    private bool Handle(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case []:
                break;
            case ["/quit"]:
                Deliver("* bye");
                return false;
            case ["/join", { Length: <= MaximumName } name]:
                LeaveRoom();
                _room = _house.Enter(name, this);
                break;
            case ["/leave"] when _room is not null:
                LeaveRoom();
                Deliver("* you are nowhere");
                break;
            case ["/who"] when _room is not null:
                _room.Events.Send(new Asked(this));
                break;
            case [['/', ..], ..]:
                Deliver("* /join ROOM, /leave, /who, /quit");
                break;
            default:
                if (_room is null)
                    Deliver("* nobody hears you: /join ROOM first");
                else
                    _room.Events.Send(new Said(this, line));
                break;
        }
        return true;
    }

    private void Leave()
    {
        LeaveRoom();
        if (Name.Length > 0)
            _house.GiveNameBack(Name);
    }

    private void LeaveRoom()
    {
        Room? room = _room;
        _room = null;
        if (room is not null)
            _house.Leave(room, this);
    }
}
