using System.Diagnostics;

namespace GreenThreads;

// Which interest stands for a descriptor in this loop. There is at most one, because epoll allows one registration per descriptor: an owned one
// (our sockets) stays from the first wait to the close; a shared one (a descriptor that belongs to somebody else) stays while somebody waits,
// because its number may be closed and reused behind our back.
//
//   owned arrives where a shared one is   // it takes the registration over; the waiters of the shared one wake, look, and wait at the owned one
//   a wait for a descriptor that we own   // it joins the owned one, if that is registered here; see OwnedInterests for the others
//   a number reused behind our back       // the kernel dropped the old registration with the old file: MOD finds none (ENOENT), ADD follows
//
// The table is indexed by descriptor: they are small numbers, lowest first. The poller reads it without the gate. It may see an old array or
// entry, but not for a key that the kernel reports for the first time: entry and array are written before the registration. An interest that is
// out of date refuses the event by its key.
public sealed partial class EventLoop
{
    private const uint RegistrationEvents = Interop.EPOLLIN | Interop.EPOLLOUT | Interop.EPOLLRDHUP | Interop.EPOLLET;

    private SpinGate _gate;

    // Guarded by _gate; the poller reads without it.
    private Interest?[] _interests = new Interest?[64];

    // Guarded by _gate. It wraps around after four billion registrations, long after the batch of events that it tells apart.
    private uint _generation;
    private bool _isDisposed;

    /// <summary>How many descriptors are registered now. Written under _gate; a reader without it gets a recent value.</summary>
    internal int InterestCount { get; private set; }

    /// <summary>Registers an owned interest. Called under its gate.</summary>
    /// <param name="interest">The interest.</param>
    /// <param name="displaced">The shared interest whose place it took, or null; the caller must detach it.</param>
    /// <returns>False if the loop was disposed of, because its scheduler has ended: the caller asks for another.</returns>
    /// <exception cref="SystemCallException">The kernel refused, for lack of memory or for fs.epoll.max_user_watches.</exception>
    internal bool TryRegister(Interest interest, out Interest? displaced)
    {
        displaced = null;
        using (_gate.Enter())
        {
            if (_isDisposed)
                return false;
            int descriptor = interest.Descriptor;
            displaced = At(descriptor);
            Debug.Assert(displaced is null or { IsShared: true }, "an owned descriptor was closed without its interest");
            Enter(interest);
            // EEXIST: a shared interest's registration, or a number that once was duplicated; it becomes ours.
            int errno = Control(Interop.EPOLL_CTL_ADD, descriptor, interest.Key, RegistrationEvents);
            if (errno == Errno.EEXIST)
                errno = Control(Interop.EPOLL_CTL_MOD, descriptor, interest.Key, RegistrationEvents);
            if (errno != 0)
            {
                Leave(interest);
                interest.Attach(null, 0);
                if (displaced is not null)
                    Put(displaced);
                throw new SystemCallException("epoll_ctl", errno);
            }
            return true;
        }
    }

    /// <summary>Ends an owned interest's registration. Called under its gate, before the descriptor is closed.</summary>
    internal void Deregister(Interest interest)
    {
        using (_gate.Enter())
        {
            if (_isDisposed || At(interest.Descriptor) != interest)
                return;
            Leave(interest);
            Control(Interop.EPOLL_CTL_DEL, interest.Descriptor, 0, 0);
        }
    }

    /// <summary>The interest to wait at for a descriptor that is not ours. The kernel reports again what is ready now.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="direction">What the caller waits for.</param>
    /// <param name="spare">A shared interest of the descriptor to use if there is none, one that <see cref="Interest.IsFree"/>; null for a new one.</param>
    /// <param name="interest">The interest; the caller owes a <see cref="Return"/>.</param>
    /// <param name="seen">The edges before that report, for the wait.</param>
    /// <returns>Null if the loop was disposed of, false if the descriptor cannot be polled, as with a regular file.</returns>
    /// <exception cref="SystemCallException">The kernel refused, for example because the descriptor is not open.</exception>
    internal bool? TryBorrow(int descriptor, WaitDirection direction, Interest? spare, out Interest? interest, out int seen)
    {
        interest = null;
        seen = 0;
        using (_gate.Enter())
        {
            if (_isDisposed)
                return null;
            Interest? present = At(descriptor);
            interest = present ?? spare ?? new Interest(descriptor, isShared: true);
            if (present is null)
            {
                interest.IsFree = false;
                Enter(interest);
            }
            seen = interest.EdgesOf(direction);
            int errno = Control(present is null ? Interop.EPOLL_CTL_ADD : Interop.EPOLL_CTL_MOD, descriptor, interest.Key, RegistrationEvents);
            if (errno == Errno.ENOENT)
                errno = Control(Interop.EPOLL_CTL_ADD, descriptor, interest.Key, RegistrationEvents);
            else if (errno == Errno.EEXIST)
                errno = Control(Interop.EPOLL_CTL_MOD, descriptor, interest.Key, RegistrationEvents);
            if (errno == 0)
            {
                interest.Users++;
                return true;
            }
            if (present is null)
            {
                Leave(interest);
                interest.IsFree = true;
            }
            return errno == Errno.EPERM ? false : throw new SystemCallException("epoll_ctl", errno);
        }
    }

    /// <summary>The last one to return a shared interest ends its registration.</summary>
    internal void Return(Interest interest)
    {
        using (_gate.Enter())
        {
            if (--interest.Users > 0 || !interest.IsShared || _isDisposed || At(interest.Descriptor) != interest)
                return;
            Leave(interest);
            // It fails when the number was closed meanwhile, which the kernel has cleaned up.
            Control(Interop.EPOLL_CTL_DEL, interest.Descriptor, 0, 0);
            interest.IsFree = true;
        }
    }

    /// <summary>The owner of a descriptor closes it: whoever waits here for its number is told.</summary>
    internal void CloseGuest(int descriptor)
    {
        Interest?[] interests = Volatile.Read(ref _interests);
        if ((uint)descriptor >= (uint)interests.Length || Volatile.Read(ref interests[descriptor]) is null)
            return;
        Interest? guest;
        using (_gate.Enter())
        {
            guest = At(descriptor);
            if (_isDisposed || guest is not { IsShared: true })
                return;
            Leave(guest);
            Control(Interop.EPOLL_CTL_DEL, descriptor, 0, 0);
        }
        guest.Close();
    }

    private Interest[] TakeInterests()
    {
        using (_gate.Enter())
        {
            _isDisposed = true;
            Interest[] registered = [.. _interests.OfType<Interest>()];
            Array.Clear(_interests);
            InterestCount = 0;
            return registered;
        }
    }

    private Interest? At(int descriptor) => (uint)descriptor < (uint)_interests.Length ? _interests[descriptor] : null;

    private void Enter(Interest interest)
    {
        interest.Attach(this, ((ulong)++_generation << 32) | (uint)interest.Descriptor);
        Put(interest);
    }

    private void Put(Interest interest)
    {
        int descriptor = interest.Descriptor;
        if (descriptor >= _interests.Length)
        {
            Interest?[] larger = new Interest?[Math.Max(descriptor + 1, _interests.Length * 2)];
            _interests.CopyTo(larger, 0);
            Volatile.Write(ref _interests, larger); // Release: pairs with the acquire in Find.
        }
        if (_interests[descriptor] is null)
            InterestCount++;
        Volatile.Write(ref _interests[descriptor], interest); // Release: pairs with the acquire in Find.
    }

    private void Leave(Interest interest)
    {
        _interests[interest.Descriptor] = null;
        InterestCount--;
    }

    private Interest? Find(ulong key)
    {
        Interest?[] interests = Volatile.Read(ref _interests);
        uint descriptor = (uint)key;
        return descriptor < (uint)interests.Length ? Volatile.Read(ref interests[descriptor]) : null;
    }
}
