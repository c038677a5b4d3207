using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>On segments of our own in the runtime's form.</summary>
public sealed unsafe class ClrThreadMapTests : IDisposable
{
    private readonly nint* _head = (nint*)NativeMemory.AllocZeroed((nuint)sizeof(nint));
    private readonly List<nint> _segments = [];

    public ClrThreadMapTests()
    {
        AddSegment();
        *_head = _segments[0];
    }

    public void Dispose()
    {
        foreach (nint segment in _segments)
            NativeMemory.Free((void*)segment);
        NativeMemory.Free(_head);
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(256 + 5, 5)]
    [InlineData(5, 6)]
    [InlineData(255, 0)]
    [InlineData(7, 6)]
    public void An_entry_is_found_from_its_own_slot_on_and_around(int id, int slot)
    {
        Put(0, slot, id, 0x1000);
        Assert.True(ClrThreadMap.FindEntry((nint)_head, id, 0x1000) == Entry(0, slot));
    }

    [Fact]
    public void An_entry_of_the_same_id_with_another_thread_is_passed_over()
    {
        Put(0, 9, 9, 0x1000);
        Put(0, 10, 9, 0x2000);
        Assert.True(ClrThreadMap.FindEntry((nint)_head, 9, 0x2000) == Entry(0, 10));
    }

    [Fact]
    public void An_entry_in_a_later_segment_is_found()
    {
        AddSegment();
        Put(1, 3, 3, 0x1000);
        Assert.True(ClrThreadMap.FindEntry((nint)_head, 3, 0x1000) == Entry(1, 3));
    }

    [Fact]
    public void What_is_not_there_is_not_found()
    {
        Put(0, 3, 3, 0x1000);
        Assert.True(ClrThreadMap.FindEntry((nint)_head, 3, 0x2000) is null);
        Assert.True(ClrThreadMap.FindEntry((nint)_head, 4, 0x1000) is null);
    }

    [Fact]
    public void A_removed_entry_is_free_again()
    {
        Put(0, 3, 3, 0x1000);
        ClrThreadMap.Remove(Entry(0, 3));
        Assert.True(ClrThreadMap.FindEntry((nint)_head, 3, 0x1000) is null);
        Assert.Equal(0, Entry(0, 3)[0]);
        Assert.Equal(0, Entry(0, 3)[1]);
    }

    private nint* Entry(int segment, int slot) => (nint*)(_segments[segment] + 16 * slot);

    private void Put(int segment, int slot, nint id, nint thread)
    {
        Entry(segment, slot)[0] = id;
        Entry(segment, slot)[1] = thread;
    }

    private void AddSegment()
    {
        var segment = (nint)NativeMemory.AllocZeroed(ClrThreadMap.SegmentBytes);
        if (_segments.Count > 0)
            *(nint*)(_segments[^1] + 16 * ClrThreadMap.SegmentEntries) = segment;
        _segments.Add(segment);
    }
}
