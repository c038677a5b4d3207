using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace GreenThreads;

// The kernel gives several events in one read. They are read and queued under the gate, in one step, so that of several who wait none finds the queue empty, reads
// nothing and waits, while another is about to fill it: whoever finds both empty has taken the count of edges before, and a later event makes a later edge.

/// <summary>
/// Watches files and directories (inotify) and tells what happens to them, one event after the other. Events are kept while nobody waits, up to the system's limit
/// (fs.inotify.max_queued_events); then <see cref="GreenFileEvents.Overflow"/> is told. Any thread may use it; of several that wait, one gets each event. A
/// directory is watched without those inside of it, and a network file system tells only what this machine does.
/// </summary>
public sealed class GreenFileWatcher : IDisposable
{
    private readonly EventDescriptor _descriptor;
    private SpinGate _gate;

    // Guarded by _gate.
    private readonly Dictionary<int, GreenFileWatch> _watches = [];
    private readonly Queue<GreenFileEvent> _events = [];

    // Guarded by _gate. Room for 15 events with the longest names; a guess.
    private readonly byte[] _buffer = new byte[4096];

    /// <summary>Creates one that watches nothing yet. Does not park.</summary>
    /// <exception cref="SystemCallException">There is no descriptor left, or the user has too many watchers (EMFILE).</exception>
    public GreenFileWatcher()
    {
        int descriptor = Interop.inotify_init1(Interop.IN_NONBLOCK | Interop.IN_CLOEXEC);
        if (descriptor < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new SystemCallException("inotify_init1", errno,
                errno == Errno.EMFILE ? "a limit is met: raise fs.inotify.max_user_instances, or RLIMIT_NOFILE (ulimit -n)" : null);
        }
        _descriptor = new EventDescriptor(descriptor, typeof(GreenFileWatcher));
    }

    /// <summary>Begins to watch a file or directory. Parks while its path is looked up.</summary>
    /// <param name="path">What to watch. Symbolic links are followed.</param>
    /// <param name="events">What to tell.</param>
    /// <returns>Names it in the events, and for <see cref="Remove"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Events that cannot be asked for, or none.</exception>
    /// <exception cref="SystemCallException">It does not exist (ENOENT), may not be read (EACCES), is watched by this object already (EEXIST), or there are too many
    /// watches (ENOSPC).</exception>
    /// <exception cref="ObjectDisposedException">The watcher was disposed of.</exception>
    public GreenFileWatch Add(string path, GreenFileEvents events = GreenFileEvents.Changes)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (events == GreenFileEvents.None || (events & ~GreenFileEvents.All) != 0)
            throw new ArgumentOutOfRangeException(nameof(events), events, "Some of All.");
        _descriptor.ThrowIfClosed();
        return BlockingWork.Run(() => AddCore(path, events));
    }

    /// <summary>Ends a watch. Its last event, after those that have happened already, is <see cref="GreenFileEvents.WatchEnded"/>. Does not park.</summary>
    /// <param name="watch">What <see cref="Add"/> returned.</param>
    /// <returns>False if it has ended already.</returns>
    /// <exception cref="ObjectDisposedException">The watcher was disposed of.</exception>
    public bool Remove(GreenFileWatch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        _descriptor.ThrowIfClosed();
        if (Interop.inotify_rm_watch(_descriptor, watch.Descriptor) == 0)
            return true;
        int errno = Marshal.GetLastPInvokeError();
        return errno == Errno.EINVAL ? false : throw new SystemCallException("inotify_rm_watch", errno);
    }

    /// <summary>Waits for the next event; returns at once if there is one. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="ObjectDisposedException">The watcher was disposed of, before or meanwhile.</exception>
    public GreenFileEvent Wait() => WaitCore(Deadline.Never)!;

    /// <summary>The same with a limit.</summary>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>Null if there was none in time.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">The watcher was disposed of, before or meanwhile.</exception>
    public GreenFileEvent? Wait(TimeSpan timeout) => WaitCore(Deadline.After(timeout));

    /// <summary>The same without parking or blocking, from any thread.</summary>
    /// <param name="cancellationToken">Ends the wait; no event is lost by that.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">The watcher was disposed of, before or meanwhile.</exception>
    public async ValueTask<GreenFileEvent> WaitAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            int seen = _descriptor.Interest.EdgesOf(WaitDirection.Read);
            if (TryTake() is { } next)
                return next;
            await _descriptor.WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends all watches; whoever waits gets an <see cref="ObjectDisposedException"/>. Any thread, any number of times; does not park.</summary>
    public void Dispose() => _descriptor.Dispose();

    /// <summary>The descriptor, for tests.</summary>
    internal PolledDescriptor Descriptor => _descriptor;

    private GreenFileEvent? WaitCore(Deadline deadline)
    {
        // First: who is cancelled here has taken nothing.
        EventLoopHost.Current.SpendBudget();
        while (true)
        {
            int seen = _descriptor.Interest.EdgesOf(WaitDirection.Read);
            if (TryTake() is { } next)
                return next;
            if (deadline.HasPassed || !_descriptor.Wait(WaitDirection.Read, seen, deadline))
                return TryTake();
        }
    }

    // In two steps, because a path may take long to look up, and the number that the kernel gives a watch must be known to whoever reads its first event.
    private GreenFileWatch AddCore(string path, GreenFileEvents events)
    {
        int descriptor = Interop.open(path, Interop.O_PATH | Interop.O_CLOEXEC, 0);
        if (descriptor < 0)
            throw new SystemCallException("open", Marshal.GetLastPInvokeError(), $"the path is {path}");
        using var file = new FileDescriptor(descriptor);
        string known = $"/proc/self/fd/{descriptor}";
        int errno = 0;
        GreenFileWatch? watch = null;
        bool isHeld = false;
        try
        {
            _descriptor.DangerousAddRef(ref isHeld); // Nothing is thrown under the gate.
            using (_gate.Enter())
            {
                int number = Interop.inotify_add_watch(_descriptor, known, (uint)events | Interop.IN_MASK_CREATE);
                errno = number < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (errno == 0)
                    _watches[number] = watch = new GreenFileWatch(number, path, events);
            }
        }
        finally
        {
            if (isHeld)
                _descriptor.DangerousRelease();
        }
        return watch ?? throw new SystemCallException("inotify_add_watch", errno, errno switch
        {
            Errno.EEXIST => $"this watcher watches {path} already, perhaps by another path",
            Errno.ENOSPC => "the user's limit of watches is met: raise fs.inotify.max_user_watches",
            _ => $"the path is {path}",
        });
    }

    private GreenFileEvent? TryTake()
    {
        int errno = 0;
        GreenFileEvent? next;
        bool isHeld = false;
        try
        {
            _descriptor.ThrowIfClosed();
            _descriptor.DangerousAddRef(ref isHeld);
            using (_gate.Enter())
            {
                if (_events.Count == 0)
                {
                    errno = _descriptor.Read(_buffer, out int count);
                    QueueEvents(_buffer.AsSpan(0, count));
                }
                _events.TryDequeue(out next);
            }
        }
        finally
        {
            if (isHeld)
                _descriptor.DangerousRelease();
        }
        return errno is 0 or Errno.EAGAIN ? next : throw new SystemCallException("read", errno);
    }

    private void QueueEvents(ReadOnlySpan<byte> events)
    {
        while (!events.IsEmpty)
        {
            Interop.inotify_event header = MemoryMarshal.Read<Interop.inotify_event>(events);
            ReadOnlySpan<byte> name = events.Slice(Unsafe.SizeOf<Interop.inotify_event>(), (int)header.len);
            events = events[(Unsafe.SizeOf<Interop.inotify_event>() + name.Length)..];
            name = name.TrimEnd((byte)0);
            _watches.TryGetValue(header.wd, out GreenFileWatch? watch);
            if ((header.mask & Interop.IN_IGNORED) != 0)
                _watches.Remove(header.wd);
            if (watch is not null || (header.mask & Interop.IN_Q_OVERFLOW) != 0)
                _events.Enqueue(new GreenFileEvent(watch, (GreenFileEvents)header.mask, header.cookie, name.IsEmpty ? null : Encoding.UTF8.GetString(name)));
        }
    }
}
