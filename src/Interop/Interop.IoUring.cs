using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

/// <summary>io_uring_setup(2), io_uring_enter(2) and io_uring_register(2): the C library has no names for them, so they go through syscall(2).</summary>
internal static partial class Interop
{
    // The same on all architectures: io_uring came after the numbers were united (include/uapi/asm-generic/unistd.h).
    private const nint SYS_io_uring_setup = 425;
    private const nint SYS_io_uring_enter = 426;
    private const nint SYS_io_uring_register = 427;

    internal const int MAP_SHARED = 0x1;
    internal const int MAP_POPULATE = 0x8000;

    internal const uint IORING_SETUP_CQSIZE = 1 << 3;
    internal const uint IORING_SETUP_CLAMP = 1 << 4;
    internal const uint IORING_SETUP_R_DISABLED = 1 << 6;
    internal const uint IORING_SETUP_SUBMIT_ALL = 1 << 7;
    internal const uint IORING_SETUP_TASKRUN_FLAG = 1 << 9;
    internal const uint IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    internal const uint IORING_SETUP_DEFER_TASKRUN = 1 << 13;

    internal const uint IORING_FEAT_SINGLE_MMAP = 1 << 0;
    internal const uint IORING_FEAT_NODROP = 1 << 1;
    internal const uint IORING_FEAT_SUBMIT_STABLE = 1 << 2;
    internal const uint IORING_FEAT_EXT_ARG = 1 << 8;

    internal const nint IORING_OFF_SQ_RING = 0;
    internal const nint IORING_OFF_SQES = 0x10000000;

    internal const uint IORING_SQ_CQ_OVERFLOW = 1 << 1;
    internal const uint IORING_SQ_TASKRUN = 1 << 2;

    internal const uint IORING_ENTER_GETEVENTS = 1 << 0;
    internal const uint IORING_ENTER_EXT_ARG = 1 << 3;

    internal const uint IORING_REGISTER_ENABLE_RINGS = 12;
    internal const uint IORING_REGISTER_PBUF_RING = 22;

    internal const byte IORING_OP_NOP = 0;
    internal const byte IORING_OP_FSYNC = 3;
    internal const byte IORING_OP_POLL_ADD = 6;
    internal const byte IORING_OP_ACCEPT = 13;
    internal const byte IORING_OP_ASYNC_CANCEL = 14;
    internal const byte IORING_OP_OPENAT = 18;
    internal const byte IORING_OP_READ = 22;
    internal const byte IORING_OP_WRITE = 23;
    internal const byte IORING_OP_SEND = 26;
    internal const byte IORING_OP_RECV = 27;

    internal const byte IOSQE_BUFFER_SELECT = 1 << 5;

    /// <summary>In <see cref="io_uring_sqe.ioprio"/> of a receive: one request, many completions.</summary>
    internal const ushort IORING_RECV_MULTISHOT = 1 << 1;

    internal const uint IORING_FSYNC_DATASYNC = 1 << 0;

    internal const uint IORING_ASYNC_CANCEL_ALL = 1 << 0;
    internal const uint IORING_ASYNC_CANCEL_ANY = 1 << 2;

    internal const uint IORING_CQE_F_BUFFER = 1 << 0;
    internal const uint IORING_CQE_F_MORE = 1 << 1;
    internal const int IORING_CQE_BUFFER_SHIFT = 16;

    /// <summary>Returns the ring's descriptor, close-on-exec.</summary>
    internal static unsafe int io_uring_setup(uint entries, io_uring_params* parameters) =>
        (int)Setup(SYS_io_uring_setup, entries, parameters);

    /// <summary>Submits and waits. Blocks the OS thread if it is to wait.</summary>
    internal static unsafe int io_uring_enter(int ring, uint toSubmit, uint minimumComplete, uint flags, io_uring_getevents_arg* argument) =>
        (int)Enter(SYS_io_uring_enter, ring, toSubmit, minimumComplete, flags, argument, argument is null ? 0 : sizeof(io_uring_getevents_arg));

    internal static unsafe int io_uring_register(int ring, uint operation, void* argument, uint count) =>
        (int)Register(SYS_io_uring_register, ring, operation, argument, count);

    // syscall(2) is variadic; integer arguments of a variadic function go where those of any other go, on x64 and on Arm64 Linux.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint Setup(nint number, nuint entries, io_uring_params* parameters);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint Enter(nint number, nint ring, nuint toSubmit, nuint minimumComplete, nuint flags,
        io_uring_getevents_arg* argument, nint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint Register(nint number, nint ring, nuint operation, void* argument, nuint count);

    [StructLayout(LayoutKind.Sequential)]
    internal struct io_sqring_offsets
    {
        internal uint head;
        internal uint tail;
        internal uint ring_mask;
        internal uint ring_entries;
        internal uint flags;
        internal uint dropped;
        internal uint array;
        internal uint resv1;
        internal ulong user_addr;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct io_cqring_offsets
    {
        internal uint head;
        internal uint tail;
        internal uint ring_mask;
        internal uint ring_entries;
        internal uint overflow;
        internal uint cqes;
        internal uint flags;
        internal uint resv1;
        internal ulong user_addr;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct io_uring_params
    {
        internal uint sq_entries;
        internal uint cq_entries;
        internal uint flags;
        internal uint sq_thread_cpu;
        internal uint sq_thread_idle;
        internal uint features;
        internal uint wq_fd;
        internal fixed uint resv[3];
        internal io_sqring_offsets sq_off;
        internal io_cqring_offsets cq_off;
    }

    /// <summary>A submission. Its unions are named after the one member that we use.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct io_uring_sqe
    {
        internal byte opcode;
        internal byte flags;
        internal ushort ioprio;
        internal int fd;
        internal ulong off;
        internal ulong addr;
        internal uint len;

        /// <summary>msg_flags, poll32_events, fsync_flags, accept_flags, cancel_flags, open_flags and others.</summary>
        internal uint op_flags;
        internal ulong user_data;
        internal ushort buf_group;
        internal ushort personality;
        internal uint file_index;
        internal ulong addr3;
        internal ulong __pad2;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct io_uring_cqe
    {
        internal ulong user_data;
        internal int res;
        internal uint flags;
    }

    /// <summary>A provided buffer. The last two bytes of the first one in the ring are the ring's tail.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct io_uring_buf
    {
        internal ulong addr;
        internal uint len;
        internal ushort bid;
        internal ushort tail;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct io_uring_buf_reg
    {
        internal ulong ring_addr;
        internal uint ring_entries;
        internal ushort bgid;
        internal ushort flags;
        internal fixed ulong resv[3];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct io_uring_getevents_arg
    {
        internal ulong sigmask;
        internal uint sigmask_sz;
        internal uint min_wait_usec;
        internal timespec* ts;
    }
}
