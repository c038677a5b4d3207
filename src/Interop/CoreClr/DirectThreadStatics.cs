using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A few thread statics of primitive type live inside the OS thread's t_ThreadStatics itself, in the 48 bytes at its end, and compiled code may
// keep their address over a call: after a park on one OS thread and a resume on another that address would be the other's. The runtime gives
// the room, from its high end down, to whichever class is touched first and fits (dotnet/runtime, src/coreclr/vm/threadstatics.cpp). So we
// touch classes of our own, of falling size, until nothing more fits: no class of a user's that comes later can land there.
//
// A class that was touched before this library started keeps its place. The runtime knows which ones those are (DirectRoomTable). Classes of the
// framework do no harm; if there is any other, green threads must not migrate: GreenRuntime.MayMigrate. Start the library early (the first
// line of Main: GreenRuntime.Describe or any Spawn) to avoid that; GreenRuntime.Describe names the classes.
internal static unsafe class DirectThreadStatics
{
    /// <summary>Fills the room and finds out who had what is lost of it.</summary>
    /// <param name="module">The runtime.</param>
    /// <param name="statics">The calling OS thread's t_ThreadStatics.</param>
    /// <exception cref="RuntimeUnsupportedException">A thread static lies where none should.</exception>
    internal static DirectRoom UseUp(CoreClrModule module, nint statics)
    {
        nint room = statics + ClrLayout.DirectRoomOffset;
        nint end = statics + ClrLayout.ThreadStaticsSize;
        var placed = new nint[ClrLayout.ThreadStaticsSize]; // MethodTables, each where its statics begin.
        int lost = DirectRoom.Size;
        bool full = false;
        foreach (Place place in TouchAll())
        {
            full = place.Address < room || place.Address >= end;
            if (!full)
            {
                lost -= place.Size;
                placed[place.Address - statics] = place.MethodTable;
            }
            bool isNear = place.Address + place.Size > statics && place.Address < end + DirectRoom.Size;
            if (isNear && (place.Address < room || place.Address + place.Size > end))
                throw new RuntimeUnsupportedException("a thread static lies beside the room for direct thread statics");
        }

        // The last ones are single bytes: if one of them found no place, nothing will.
        if (!full)
            throw new RuntimeUnsupportedException("the room for direct thread statics is larger than known");
        return new DirectRoom(lost, lost == 0 ? [] : Owners(DirectRoomTable.Read(module, placed), placed));
    }

    private static List<DirectRoomOwner>? Owners(nint[]? all, nint[] ours)
    {
        if (all is null)
            return null;
        var owners = new List<DirectRoomOwner>();
        int end = all.Length;
        for (int offset = end - 1; offset >= 0; offset--)
        {
            if (all[offset] == 0)
                continue;
            if (ours[offset] == 0)
            {
                // The runtime vouches for the pointer: DirectRoomTable believes no other. Classes that can be unloaded get no place in the room.
                Type type = Type.GetTypeFromHandle(RuntimeTypeHandle.FromIntPtr(all[offset]))!;
                owners.Add(new DirectRoomOwner(type, end - offset, IsTrusted(type)));
            }
            end = offset;
        }
        return owners;
    }

    // The framework's (10.0): Lock+ThreadId, ProcessorIdCache, StackFrameHelper, Debug, EventProvider, EventSource, AssemblyBuilder, RuntimeMetrics: none calls
    // a user's code between two uses, but the last, from the runtime's own frames, which make a park affine. ControlledExecution.Run does.
    private static bool IsTrusted(Type type) => type.Assembly == typeof(DirectThreadStatics).Assembly
        || (FrameworkAssembly.Contains(type.Assembly) && type.FullName != "System.Runtime.ControlledExecution");

    // From the largest down; the runtime aligns what it places, and what it skips for that it gives to nobody. More of each size than can fit.
    // Structs lie in boxes on the heap and take no room (10.0): they are here for a runtime that does otherwise.
    private static Place[] TouchAll() =>
    [
        Filler<Bytes48, A>.Touch(), Filler<Bytes32, A>.Touch(), Filler<Bytes24, A>.Touch(), Filler<Bytes16, A>.Touch(),
        .. Touch<long>(), .. Touch<int>(), .. Touch<short>(), .. Touch<byte>(),
    ];

    private static Place[] Touch<TValue>() where TValue : unmanaged =>
    [
        Filler<TValue, A>.Touch(), Filler<TValue, B>.Touch(), Filler<TValue, C>.Touch(), Filler<TValue, D>.Touch(),
        Filler<TValue, E>.Touch(), Filler<TValue, F>.Touch(), Filler<TValue, G>.Touch(), Filler<TValue, H>.Touch(),
    ];

    private readonly struct Place(int size, nint address, nint methodTable)
    {
        internal readonly int Size = size;
        internal readonly nint Address = address;
        internal readonly nint MethodTable = methodTable;
    }

    // One class, and so one block of thread statics, for each pair of arguments.
    private static class Filler<TValue, TTag> where TValue : unmanaged where TTag : struct
    {
#pragma warning disable CS0649 // only its address matters
        [ThreadStatic]
        private static TValue t_value;
#pragma warning restore CS0649

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static Place Touch() => new(sizeof(TValue), (nint)Unsafe.AsPointer(ref t_value), typeof(Filler<TValue, TTag>).TypeHandle.Value);
    }

    [StructLayout(LayoutKind.Sequential, Size = 48)]
    private struct Bytes48;

    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private struct Bytes32;

    [StructLayout(LayoutKind.Sequential, Size = 24)]
    private struct Bytes24;

    [StructLayout(LayoutKind.Sequential, Size = 16)]
    private struct Bytes16;

    private struct A;
    private struct B;
    private struct C;
    private struct D;
    private struct E;
    private struct F;
    private struct G;
    private struct H;
}
