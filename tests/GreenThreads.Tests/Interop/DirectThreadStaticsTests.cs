using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>DESIGN.md §2 rule 6: the room for thread statics inside the OS thread's own block is used up when the library has started.</summary>
public sealed unsafe class DirectThreadStaticsTests
{
    [SwitchedFact]
    public void A_class_that_is_touched_after_the_start_finds_no_room_in_the_block_of_the_OS_thread()
    {
        Assert.Equal(GreenRuntimeMode.Switched, GreenRuntime.Mode);
        OsThreads.Start(() =>
        {
            Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
            nint block = carrier->ThreadStatics;
            Carrier.Release(carrier);
            nint[] addresses = [Late<byte>.Address(), Late<short>.Address(), Late<int>.Address(), Late<long>.Address(), Late<Guid>.Address()];
            Assert.All(addresses, address => Assert.False(address >= block && address < block + ClrLayout.ThreadStaticsSize, "a thread static lies in the OS thread's block"));
        }).GetAwaiter().GetResult();
    }

    [SwitchedFact]
    public void All_of_the_room_is_accounted_for()
    {
        Assert.Equal(GreenRuntimeMode.Switched, GreenRuntime.Mode);
        DirectRoom room = ClrRuntime.DirectRoom;
        Assert.InRange(room.Taken, 0, DirectRoom.Size);
        Assert.Equal(DirectRoom.Size, room.Taken + room.Lost);
        Assert.NotNull(room.Owners);
        Assert.InRange(room.Owners.Sum(owner => owner.Bytes), 0, room.Lost);
    }

    private static class Late<T>
        where T : unmanaged
    {
        [ThreadStatic]
        private static T t_value;

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static nint Address()
        {
            t_value = default;
            return (nint)Unsafe.AsPointer(ref t_value);
        }
    }
}
