using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A few thread statics of primitive type live inside the OS thread's t_ThreadStatics itself, in the 48 bytes at its end, and compiled code may
// keep their address over a call: after a park on one OS thread and a resume on another that address would be the other's. The runtime gives
// the room, from its high end down, to whichever class is touched first and fits (dotnet/runtime, src/coreclr/vm/threadstatics.cpp). So we
// touch classes of our own, of falling size, until nothing more fits: no class of a user's that comes later can land there.
//
// A class that was touched before this library started keeps its place. Start it early (the first line of Main: GreenRuntime.Describe or any
// Spawn) if that matters; GreenRuntime.Describe tells how many bytes were gone.
internal static unsafe class DirectThreadStatics
{
    private const int RoomSize = ClrLayout.ThreadStaticsSize - ClrLayout.DirectRoomOffset;

    /// <summary>Fills the room.</summary>
    /// <param name="statics">The calling OS thread's t_ThreadStatics.</param>
    /// <returns>How many bytes we took, and how many somebody else had taken before.</returns>
    /// <exception cref="RuntimeUnsupportedException">A thread static lies where none should.</exception>
    internal static (int Taken, int Lost) UseUp(nint statics)
    {
        nint room = statics + ClrLayout.DirectRoomOffset;
        nint end = statics + ClrLayout.ThreadStaticsSize;
        int taken = 0;
        bool full = false;
        foreach ((int size, nint address) in TouchAll())
        {
            full = address < room || address >= end;
            if (!full)
                taken += size;
            if (address + size > statics && address < end + RoomSize && (address < room || address + size > end))
                throw new RuntimeUnsupportedException("a thread static lies beside the room for direct thread statics");
        }

        // The last ones are single bytes: if one of them found no place, nothing will.
        return full ? (taken, RoomSize - taken) : throw new RuntimeUnsupportedException("the room for direct thread statics is larger than known");
    }

    // The runtime aligns what it places, so a size may leave gaps for the next smaller one: more of each than can fit.
    private static List<(int Size, nint Address)> TouchAll()
    {
        var placed = new List<(int, nint)>
        {
            (48, Filler<Bytes48, A>.Touch()), (32, Filler<Bytes32, A>.Touch()), (24, Filler<Bytes24, A>.Touch()), (16, Filler<Bytes16, A>.Touch()),
        };
        Touch<long>(placed);
        Touch<int>(placed);
        Touch<short>(placed);
        Touch<byte>(placed);
        return placed;
    }

    private static void Touch<TValue>(List<(int Size, nint Address)> placed) where TValue : unmanaged
    {
        nint[] addresses =
        [
            Filler<TValue, A>.Touch(), Filler<TValue, B>.Touch(), Filler<TValue, C>.Touch(), Filler<TValue, D>.Touch(),
            Filler<TValue, E>.Touch(), Filler<TValue, F>.Touch(), Filler<TValue, G>.Touch(), Filler<TValue, H>.Touch(),
        ];
        foreach (nint address in addresses)
            placed.Add((sizeof(TValue), address));
    }

    // One class, and so one block of thread statics, for each pair of arguments.
    private static class Filler<TValue, TTag> where TValue : unmanaged where TTag : struct
    {
#pragma warning disable CS0649 // only its address matters
        [ThreadStatic]
        private static TValue t_value;
#pragma warning restore CS0649

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static nint Touch() => (nint)Unsafe.AsPointer(ref t_value);
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
