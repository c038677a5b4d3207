using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>Our structures are the kernel's: by their sizes, and by what comes back.</summary>
public sealed class IoUringAbiTests
{
    [Fact]
    public void Sizes_and_offsets_are_those_of_linux_io_uring_h()
    {
        Assert.Equal(120, Unsafe.SizeOf<Interop.io_uring_params>());
        Assert.Equal(64, Unsafe.SizeOf<Interop.io_uring_sqe>());
        Assert.Equal(16, Unsafe.SizeOf<Interop.io_uring_cqe>());
        Assert.Equal(16, Unsafe.SizeOf<Interop.io_uring_buf>());
        Assert.Equal(40, Unsafe.SizeOf<Interop.io_uring_buf_reg>());
        Assert.Equal(24, Unsafe.SizeOf<Interop.io_uring_getevents_arg>());
        Assert.Equal(40, Marshal.OffsetOf<Interop.io_uring_params>("sq_off"));
        Assert.Equal(80, Marshal.OffsetOf<Interop.io_uring_params>("cq_off"));
        Assert.Equal(8, Marshal.OffsetOf<Interop.io_uring_sqe>("off"));
        Assert.Equal(28, Marshal.OffsetOf<Interop.io_uring_sqe>("op_flags"));
        Assert.Equal(32, Marshal.OffsetOf<Interop.io_uring_sqe>("user_data"));
        Assert.Equal(40, Marshal.OffsetOf<Interop.io_uring_sqe>("buf_group"));
        Assert.Equal(44, Marshal.OffsetOf<Interop.io_uring_sqe>("file_index"));
        Assert.Equal(14, Marshal.OffsetOf<Interop.io_uring_buf>("tail"));
    }

    [IoUringFact]
    public unsafe void What_is_submitted_comes_back_many_times_round_the_rings()
    {
        using var ring = new IoUring(8, 16, flags: 0);
        ulong submitted = 0;
        ulong completed = 0;
        while (completed < 1000)
        {
            // As many as fit, another number each time.
            for (ulong i = 0; i <= completed % 9; i++)
            {
                Interop.io_uring_sqe* entry = ring.TryGetEntry();
                if (entry is null)
                    break;
                entry->opcode = Interop.IORING_OP_NOP;
                entry->user_data = submitted++;
                ring.Push();
            }
            Assert.InRange(ring.PendingSubmissions, 1u, 8u);
            Assert.Equal(0, ring.Enter(ring.PendingSubmissions, 1, Interop.IORING_ENTER_GETEVENTS, Deadline.Never));
            Assert.Equal(0u, ring.PendingSubmissions);
            while (ring.TryTake(out Interop.io_uring_cqe completion))
                Assert.Equal((completed++, 0), (completion.user_data, completion.res));
            Assert.Equal(submitted, completed);
        }
    }

    [IoUringFact]
    public void A_wait_ends_with_its_deadline_and_not_before()
    {
        using var ring = new IoUring(8, 16, flags: 0);
        Deadline until = Deadline.After(TimeSpan.FromMilliseconds(5));
        Assert.Equal(Errno.ETIME, ring.Enter(0, 1, Interop.IORING_ENTER_GETEVENTS, until));
        Assert.True(until.HasPassed);
    }
}
