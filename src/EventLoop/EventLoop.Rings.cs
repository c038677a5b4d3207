namespace GreenThreads;

// The second engine: io_uring beside the epoll set (docs/io-uring.md). The ring of the sockets is where the owner waits then, for the epoll set too; that of
// the files is one more descriptor in the epoll set.
public sealed partial class EventLoop
{
    // Written by the constructor only.
    private SocketRing? _ring;
    private FileRing? _fileRing;

    /// <summary>Which engine it has in the end.</summary>
    internal EventLoopEngine Engine => _ring is null ? EventLoopEngine.Epoll : EventLoopEngine.IoUring;

    /// <summary>The ring of the sockets, null without. Only the scheduler's own OS thread submits there.</summary>
    internal SocketRing? Ring => _ring;

    /// <summary>The ring for operations on files, null without. Any thread.</summary>
    internal FileRing? FileRing => _fileRing;

    private void CreateRings()
    {
        try
        {
            _ring = new SocketRing((int)_epoll.DangerousGetHandle());
            _fileRing = new FileRing();
            int errno = Control(Interop.EPOLL_CTL_ADD, _fileRing.Descriptor, FileRingKey, Interop.EPOLLIN);
            if (errno != 0)
                throw new SystemCallException("epoll_ctl", errno);
        }
        catch (SystemCallException exception)
        {
            // Tried before when the group started, but each ring takes memory and descriptors.
            DisposeRings();
            Log.NoIoUring(Logger, EventLoopEngines.Explain(exception));
        }
    }

    /// <summary>One turn of the ring, and of the epoll set if it has events.</summary>
    /// <returns>True if it saw an interrupt, which the caller must answer.</returns>
    private bool PollRing(SocketRing ring, Deadline until, List<WaitNode> ready) =>
        ring.Poll(until, ready) && PollOnce(Deadline.At(0), ready);

    // Those who waited for a ring look again, and find another loop.
    private void DisposeRings()
    {
        _fileRing?.Dispose();
        if (_ring is not null)
        {
            List<WaitNode> ready = [];
            _ring.Dispose(ready);
            foreach (WaitNode waiter in ready)
                waiter.Wake();
        }
        _fileRing = null;
        _ring = null;
    }
}
