namespace GreenThreads.Tests;

public sealed unsafe class ClrLayoutTests
{
    [SwitchedFact]
    public void The_layout_holds_on_any_OS_thread()
    {
        for (int i = 0; i < 10; i++)
            Assert.Equal("", ProbeThread.Run(WhatIsWrong));
    }

    [SwitchedFact]
    public void Probing_again_finds_the_same() => Assert.Equal(ClrRuntime.Layout, ClrLayoutProbe.Run(ClrRuntime.Module));

    [SwitchedFact]
    public void Describe_names_every_value_and_where_it_comes_from()
    {
        string text = GreenRuntime.Describe();
        string[] names = ["Thread.OSId", "m_CacheStackBase", "m_ThreadHandle", "m_hasPendingActivation", "t_CurrentThreadInfo", "t_ThreadStatics", "signal-safe thread map"];
        Assert.All(names, name => Assert.Contains(name, text, StringComparison.Ordinal));
        Assert.Contains(ClrRuntime.Module.BuildId, text, StringComparison.Ordinal);
    }

    [SwitchedFact]
    public void No_thread_static_of_a_class_that_comes_later_lies_in_the_runtimes_own_room()
    {
        Assert.True(ProbeThread.Run(() =>
        {
            nint statics = ClrRuntime.Module.GetTlsBlock() + ClrRuntime.Layout.ThreadStatics;
            nint end = statics + ClrLayout.ThreadStaticsSize;
            nint[] addresses = [Later<byte>.Address, Later<short>.Address, Later<int>.Address, Later<long>.Address, Later<double>.Address];
            return addresses.All(address => address < statics || address >= end);
        }));
    }

    [SwitchedFact]
    public void The_build_id_is_a_hash_in_hexadecimal() => Assert.Matches("^[0-9a-f]{40}$", ClrRuntime.Module.BuildId);

    private static string WhatIsWrong()
    {
        ClrLayout layout = ClrRuntime.Layout;
        nint block = ClrRuntime.Module.GetTlsBlock();
        nint thread = *(nint*)(block + layout.CurrentThreadSlot);
        (nint limit, nint @base) = Interop.GetStackBounds();
        if (*(nint*)(thread + layout.OSId) != Interop.gettid())
            return "OSId";
        if (*(int*)(thread + layout.ThreadId) != Environment.CurrentManagedThreadId)
            return "Id";
        if (*(nint*)(thread + layout.StackBounds) != @base || *(nint*)(thread + layout.StackBounds + 8) != limit)
            return "stack bounds";
        if (*(nint*)(thread + layout.ThreadLocalDataPtr) != block + layout.ThreadStatics)
            return "thread statics";
        return ClrThreadMap.FindEntry(layout.ThreadMapHead, Interop.gettid(), thread) is null ? "map" : "";
    }

    private static class Later<T> where T : unmanaged
    {
#pragma warning disable CS0649 // only its address matters
        [ThreadStatic]
        private static T t_value;
#pragma warning restore CS0649

        internal static nint Address => (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref t_value);
    }
}
