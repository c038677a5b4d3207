using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

public sealed unsafe class PageCacheTests : IDisposable
{
    private readonly SelfMemory _memory = new();
    private readonly PageCache _cache;
    private readonly long* _words = (long*)NativeMemory.AlignedAlloc(2 * (nuint)Environment.SystemPageSize, (nuint)Environment.SystemPageSize);

    public PageCacheTests()
    {
        _cache = new PageCache(_memory);
        _words[0] = 1;
        _words[Environment.SystemPageSize / sizeof(long)] = 2;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_words);
        _memory.Dispose();
    }

    [Fact]
    public void What_was_read_stays_until_the_cache_is_cleared()
    {
        Assert.Equal(1, _cache.ReadOrDefault<long>((nint)_words));
        _words[0] = 3;
        Assert.Equal(1, _cache.ReadOrDefault<long>((nint)_words));
        _cache.Clear();
        Assert.Equal(3, _cache.ReadOrDefault<long>((nint)_words));
    }

    [Fact]
    public void A_word_on_two_pages_is_read()
    {
        nint page = (nint)_words + Environment.SystemPageSize;
        *(long*)(page - 3) = 0x1122334455667788;
        Assert.Equal(0x1122334455667788, _cache.ReadOrDefault<long>(page - 3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(-8)]
    public void A_bad_address_reads_as_nothing_again_and_again(long address)
    {
        for (int i = 0; i < 2; i++)
        {
            Assert.False(_cache.TryRead((nint)address, out long value));
            Assert.Equal(0, value);
        }
    }
}
