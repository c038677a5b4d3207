using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>libcoreclr.so (or the C library) as the dynamic linker loaded it: its handle, segments, build id and thread-local storage.</summary>
internal sealed unsafe class CoreClrModule
{
    private const uint PT_LOAD = 1;
    private const uint PT_NOTE = 4;
    private const uint PT_TLS = 7;
    private const uint PF_X = 1;
    private const uint PF_W = 2;
    private const uint NT_GNU_BUILD_ID = 3;

    private CoreClrModule(nint handle, nint linkMap)
    {
        Handle = handle;
        LinkMap = linkMap;
        // SAFETY: struct link_map begins with l_addr (link.h).
        ReadProgramHeaders(*(nint*)linkMap);
    }

    internal nint Handle { get; }

    /// <summary>The dynamic linker's own record of it.</summary>
    internal nint LinkMap { get; }

    /// <summary>The linker's build id in lower-case hexadecimal; empty if the file has none.</summary>
    internal string BuildId { get; private set; } = "";

    /// <summary>Bytes of the module's thread-local storage block.</summary>
    internal int TlsSize { get; private set; }

    /// <summary>The writable segments: .data, .bss and what is near them.</summary>
    internal List<(nint Start, nint End)> WritableSegments { get; } = [];

    /// <summary>The executable segments: .text and what is near it.</summary>
    internal List<(nint Start, nint End)> ExecutableSegments { get; } = [];

    internal static CoreClrModule Open()
    {
        string path = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libcoreclr.so");
        // An application published as a single file has the runtime linked into its executable.
        nint handle = Interop.dlopen(path, Interop.RTLD_LAZY | Interop.RTLD_NOLOAD);
        if (handle == 0)
            handle = Interop.dlopen(null, Interop.RTLD_LAZY | Interop.RTLD_NOLOAD);
        return Of(handle, "libcoreclr.so");
    }

    internal static CoreClrModule OpenCLibrary() => Of(Interop.dlopen("libc.so.6", Interop.RTLD_LAZY | Interop.RTLD_NOLOAD), "libc.so.6");

    private static CoreClrModule Of(nint handle, string name)
    {
        nint linkMap = 0;
        if (handle == 0 || Interop.dlinfo(handle, Interop.RTLD_DI_LINKMAP, &linkMap) != 0)
            throw new RuntimeUnsupportedException($"{name} is not among the loaded libraries");
        return new CoreClrModule(handle, linkMap);
    }

    /// <summary>The calling OS thread's block of the module's thread-local storage.</summary>
    internal nint GetTlsBlock()
    {
        nint block = 0;
        if (Interop.dlinfo(Handle, Interop.RTLD_DI_TLS_DATA, &block) != 0 || block == 0)
            throw new RuntimeUnsupportedException("dlinfo gives no thread-local storage of libcoreclr");
        return block;
    }

    // elf.h, 64-bit: e_phoff at 32, e_phentsize at 54, e_phnum at 56; a program header is type, flags, offset, vaddr, paddr, filesz, memsz, align.
    private void ReadProgramHeaders(nint loadAddress)
    {
        // SAFETY: the linker maps a shared object's first page, which holds its headers, at the load address; they stay as loaded.
        var elf = (byte*)loadAddress;
        if (loadAddress == 0 || *(uint*)elf != 0x464c457f)
            throw new RuntimeUnsupportedException("libcoreclr's ELF header is not where the dynamic linker says");
        byte* header = elf + *(long*)(elf + 32);
        int size = *(ushort*)(elf + 54);
        for (int count = *(ushort*)(elf + 56); count > 0; count--, header += size)
        {
            nint start = loadAddress + *(nint*)(header + 16);
            nint memorySize = *(nint*)(header + 40);
            switch (*(uint*)header)
            {
                case PT_LOAD when (*(uint*)(header + 4) & PF_W) != 0:
                    WritableSegments.Add((start, start + memorySize));
                    break;
                case PT_LOAD when (*(uint*)(header + 4) & PF_X) != 0:
                    ExecutableSegments.Add((start, start + memorySize));
                    break;
                case PT_TLS:
                    TlsSize = (int)memorySize;
                    break;
                case PT_NOTE:
                    ReadBuildId((byte*)start, (byte*)start + memorySize);
                    break;
            }
        }
    }

    private void ReadBuildId(byte* note, byte* end)
    {
        // A note is name size, descriptor size, type, then name and descriptor, each padded to four bytes.
        while (note + 12 <= end)
        {
            int nameSize = (*(int*)note + 3) & ~3;
            int descriptorSize = *(int*)(note + 4);
            byte* descriptor = note + 12 + nameSize;
            if (*(uint*)(note + 8) == NT_GNU_BUILD_ID && *(int*)note == 4 && *(uint*)(note + 12) == 0x00554e47)
                BuildId = Convert.ToHexStringLower(new ReadOnlySpan<byte>(descriptor, descriptorSize));
            note = descriptor + ((descriptorSize + 3) & ~3);
        }
    }
}
