using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

public sealed unsafe class SelfMemoryTests : IDisposable
{
    private readonly SelfMemory _memory = new();

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Memory_that_is_there_is_read()
    {
        long value = 0x1122334455667788;
        Assert.True(_memory.TryRead((nint)(&value), out long read));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(-4096)]
    public void A_bad_address_is_no_fault(long address) => Assert.False(_memory.TryRead((nint)address, out long _));

    [Fact]
    public void A_read_that_would_leave_the_mapping_fails_as_a_whole()
    {
        int page = Environment.SystemPageSize;
        nint mapping = Interop.mmap(0, 2 * page, Interop.PROT_READ, Interop.MAP_PRIVATE | Interop.MAP_ANONYMOUS, -1, 0);
        Assert.NotEqual(Interop.MAP_FAILED, mapping);
        Assert.Equal(0, Interop.munmap(mapping + page, page));
        Assert.True(_memory.TryRead(mapping + page - 8, out long _));
        Assert.False(_memory.TryRead(mapping + page - 4, out long _));
        Assert.Equal(0, Interop.munmap(mapping, page));
    }
}
