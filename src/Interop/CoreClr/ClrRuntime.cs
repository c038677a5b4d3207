using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>The running CoreCLR as this library knows it: checked once, then constant.</summary>
internal static class ClrRuntime
{
    private static CoreClrModule? s_module;
    private static ClrLayout? s_layout;
    private static DirectRoom? s_directRoom;

    internal static CoreClrModule Module => s_module ?? throw new InvalidOperationException("the runtime has not been examined");

    internal static ClrLayout Layout => s_layout ?? throw new InvalidOperationException("the runtime has not been examined");

    /// <summary>Who has the room for direct thread statics, and so whether green threads may migrate.</summary>
    internal static DirectRoom DirectRoom => s_directRoom ?? throw new InvalidOperationException("the runtime has not been examined");

    /// <summary>Finds and checks the layout. Everything that uses stack switching comes after it.</summary>
    /// <exception cref="RuntimeUnsupportedException">Something is not as it must be; nothing has been changed.</exception>
    internal static void Examine()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            throw new RuntimeUnsupportedException($"only Linux on x64 is supported, this is {RuntimeInformation.RuntimeIdentifier}");
        if (!NativeLibrary.TryLoad("libc.so.6", out nint libc) || !NativeLibrary.TryGetExport(libc, "gnu_get_libc_version", out _))
            throw new RuntimeUnsupportedException("the C library is not glibc");
        if (Interop.HasShadowStack())
            throw new RuntimeUnsupportedException("this process runs with hardware shadow stacks (CET), which forbid to switch stacks; "
                + "start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off");

        CoreClrModule module = CoreClrModule.Open();
        ClrLayout layout = ClrLayoutProbe.Run(module);
        s_module = module;
        s_layout = layout;
        s_directRoom = ProbeThread.Run(() => DirectThreadStatics.UseUp(module, module.GetTlsBlock() + layout.ThreadStatics));
    }
}
