using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

public sealed unsafe partial class StackArenaTests
{
    private const int Stride = 256 * 1024;

    [Fact]
    public void Each_stack_lies_in_its_own_stride_above_its_guard()
    {
        var arena = new StackArena(Stride, capacity: 100);
        for (int i = 0; i < 100; i++)
        {
            int index = arena.Allocate();
            Assert.Equal(i, index);
            nint low = arena.Region + (nint)index * Stride;
            Assert.Equal(low + StackArena.GuardSize, arena.Blocks[index].StackLimit);
            Assert.InRange(arena.Blocks[index].StackBase, low + Stride - Environment.SystemPageSize / 2, low + Stride);
            Assert.Equal(index, (int)((arena.Blocks[index].StackBase - 1 - arena.Region) >> arena.StrideShift));
        }
        Assert.Equal(100, arena.InUse);
    }

    [Fact]
    public void A_stack_can_be_used_from_its_base_to_its_limit()
    {
        var arena = new StackArena(Stride, capacity: 4);
        CoroutineBlock* block = arena.Blocks + arena.Allocate();
        new Span<byte>((void*)block->StackLimit, (int)(block->StackBase - block->StackLimit)).Fill(1);
        Assert.Equal(block->StackBase - block->StackLimit, new ReadOnlySpan<byte>((void*)block->StackLimit, (int)(block->StackBase - block->StackLimit)).Count((byte)1));
    }

    [Fact]
    public void The_bases_of_neighbours_differ_in_their_offsets_by_whole_cache_lines()
    {
        const int CacheLine = 64;
        var arena = new StackArena(Stride, capacity: 64);
        int[] indices = [.. Enumerable.Range(0, 64).Select(_ => arena.Allocate())];
        nint[] offsets = [.. indices.Select(index => arena.Blocks[index].StackBase & (Stride - 1))];
        Assert.All(offsets, offset => Assert.Equal(0, offset % CacheLine));
        Assert.Equal(16, offsets.Distinct().Count());
        Assert.All(offsets.Zip(offsets.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Fact]
    public void A_freed_stack_is_given_out_again_and_its_memory_reads_as_zero()
    {
        var arena = new StackArena(Stride, capacity: 2);
        int index = arena.Allocate();
        var last = (byte*)arena.Blocks[index].StackLimit;
        *last = 1;
        arena.Free(index);
        Assert.Equal(0, arena.InUse);
        Assert.Equal(index, arena.Allocate());
        Assert.Equal(0, *last);
    }

    [Fact]
    public void An_arena_that_is_full_says_so_and_gives_out_what_is_freed()
    {
        var arena = new StackArena(Stride, capacity: 3);
        int[] indices = [arena.Allocate(), arena.Allocate(), arena.Allocate()];
        var exception = Assert.Throws<GreenThreadLimitException>(() => arena.Allocate());
        Assert.Contains("all 3 stacks are in use", exception.Message, StringComparison.Ordinal);
        arena.Free(indices[1]);
        Assert.Equal(indices[1], arena.Allocate());
    }

    [Fact]
    public void Trimming_gives_back_what_lies_below_the_stack_pointer_and_nothing_else()
    {
        int page = Environment.SystemPageSize;
        var arena = new StackArena(Stride, capacity: 1);
        CoroutineBlock* block = arena.Blocks + arena.Allocate();
        nint length = block->StackBase - block->StackLimit;
        new Span<byte>((void*)block->StackLimit, (int)length).Fill(1);
        Assert.Equal((length + page - 1) / page, Residency.CountPages(block->StackLimit, length));

        nint stackPointer = block->StackBase - 3 * page;
        nint given = StackArena.Trim(block, stackPointer);
        Assert.Equal(0, Residency.CountPages(block->StackLimit, given));
        Assert.Equal(stackPointer & -(nint)page, block->StackLimit + given);
        Assert.Equal(-1, new ReadOnlySpan<byte>((void*)stackPointer, (int)(block->StackBase - stackPointer)).IndexOfAnyExcept((byte)1));
        Assert.Equal(0, *(byte*)block->StackLimit);
    }

    [Fact]
    public void Trimming_locked_memory_gives_back_nothing_and_harms_nobody()
    {
        var arena = new StackArena(Stride, capacity: 1);
        CoroutineBlock* block = arena.Blocks + arena.Allocate();
        nint page = Environment.SystemPageSize;
        Assert.Equal(0, mlock(block->StackLimit, page));
        Assert.Equal(0, StackArena.Trim(block, block->StackLimit + page));
        Assert.Equal(0, munlock(block->StackLimit, page));
    }

    [LibraryImport("libc")]
    private static partial int mlock(nint addr, nint length);

    [LibraryImport("libc")]
    private static partial int munlock(nint addr, nint length);

    [Fact]
    public void Trimming_a_stack_that_is_used_to_its_limit_gives_back_nothing()
    {
        var arena = new StackArena(Stride, capacity: 1);
        CoroutineBlock* block = arena.Blocks + arena.Allocate();
        Assert.Equal(0, StackArena.Trim(block, block->StackLimit + 8));
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(200 * 1024)]
    public void A_stride_that_leaves_no_stack_or_is_no_power_of_two_is_refused(int stride) =>
        Assert.ThrowsAny<ArgumentException>(() => new StackArena(stride, capacity: 1));

    [Fact]
    public void Stacks_are_given_out_to_many_threads_at_once_without_a_pair()
    {
        var arena = new StackArena(Stride, capacity: 1000);
        var indices = new System.Collections.Concurrent.ConcurrentBag<int>();
        Parallel.For(0, 1000, _ => indices.Add(arena.Allocate()));
        Assert.Equal(1000, indices.Distinct().Count());
    }
}
