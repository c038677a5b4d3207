namespace GreenThreads.Tests;

public sealed class EpollAbiTests
{
    // The kernel is the judge: were size or offset wrong, the data of the second event would be torn.
    [Fact]
    public unsafe void The_kernel_returns_two_events_with_the_data_that_they_were_registered_with()
    {
        using FileDescriptor epoll = FileDescriptor.From("epoll_create1", Interop.epoll_create1(Interop.EPOLL_CLOEXEC));
        using FileDescriptor one = FileDescriptor.From("eventfd", Interop.eventfd(1, Interop.EFD_CLOEXEC | Interop.EFD_NONBLOCK));
        using FileDescriptor other = FileDescriptor.From("eventfd", Interop.eventfd(1, Interop.EFD_CLOEXEC | Interop.EFD_NONBLOCK));
        const ulong DataOfOne = 0x0123_4567_89AB_CDEF;
        const ulong DataOfOther = 0xFEDC_BA98_7654_3210;
        Add(one, DataOfOne);
        Add(other, DataOfOther);

        byte* events = stackalloc byte[4 * Interop.epoll_event.MaximumSize];
        // A pattern behind what the kernel may write.
        new Span<byte>(events, 4 * Interop.epoll_event.MaximumSize).Fill(0xA5);
        var timeout = new Interop.timespec();
        Assert.Equal(2, Interop.epoll_pwait2(epoll, events, 4, &timeout, null));
        var first = (Interop.epoll_event*)events;
        var second = (Interop.epoll_event*)(events + Interop.epoll_event.Size);
        Assert.Equal(new[] { DataOfOne, DataOfOther }.Order(), new[] { first->data, second->data }.Order());
        Assert.Equal(Interop.EPOLLIN | Interop.EPOLLOUT, first->events);
        Assert.Equal(Interop.EPOLLIN | Interop.EPOLLOUT, second->events);
        Assert.All(new Span<byte>(events + 2 * Interop.epoll_event.Size, 2 * Interop.epoll_event.Size).ToArray(), b => Assert.Equal(0xA5, b));

        void Add(FileDescriptor descriptor, ulong data)
        {
            var change = new Interop.epoll_event { events = Interop.EPOLLIN | Interop.EPOLLOUT | Interop.EPOLLET, data = data };
            Assert.Equal(0, Interop.epoll_ctl(epoll, Interop.EPOLL_CTL_ADD, (int)descriptor.DangerousGetHandle(), &change));
        }
    }
}
