using System.Runtime.CompilerServices;

namespace GreenThreads;

public sealed partial class GreenChannel<T>
{
    // Whom an item to receive, or room for one, concerns beside those who wait in the lists; null if nobody. Guarded by the gate.
    private ChannelWatch? _itemWatch;
    private ChannelWatch? _roomWatch;

    // An item was put into the buffer, or a sender waits with one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WaitNode? NoteItemLocked() => _itemWatch is null ? null : Take(ref _itemWatch);

    // An item was taken out of the buffer, or a receiver waits for one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WaitNode? NoteRoomLocked() => _isCompleted ? EndLocked() : _roomWatch is null ? null : Take(ref _roomWatch);

    private ChannelEnd? EndLocked()
    {
        if (_buffer.Count != 0 || _end is not { } end)
            return null;
        end.Error = _error;
        return end;
    }

    private void ReleaseWatchesLocked(List<WaitNode> toWake)
    {
        if (Take(ref _itemWatch) is { } item)
            toWake.Add(item);
        if (Take(ref _roomWatch) is { } room)
            toWake.Add(room);
    }

    private static ChannelWatch? Take(ref ChannelWatch? watch)
    {
        ChannelWatch? taken = watch;
        watch = null;
        return taken;
    }
}
