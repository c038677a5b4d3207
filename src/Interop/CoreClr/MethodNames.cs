using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Text;

namespace GreenThreads;

// From a MethodDesc to "Namespace.Type.Method", without giving the runtime a pointer of ours: its module and token are read, and the name comes
// from the metadata of the assembly with that module. Nothing is loaded and no lock of the runtime's type system is taken, as reflection would:
// its holder may be the very thread that is looked at. Not thread-safe.
internal sealed class MethodNames(ManagedCodeLayout layout, PageCache memory)
{
    // MethodDesc classes (vm/method.hpp), the lowest bits of its flags.
    private const int ClassMask = 7;
    private const int PInvokeClass = 2;
    private const int DynamicClass = 7;

    // A dynamic method is what DynamicMethod makes (LCG); the others are stubs of the runtime.
    private const uint IsLcgMethod = 0x4000;

    private const int ModuleTypeToken = 0x02000001;
    private const int MaximumNameBytes = 256;

    private sealed record KnownModule(WeakReference<Assembly> Assembly, Dictionary<int, string> Names);

    private readonly Dictionary<nint, KnownModule> _modules = [];

    /// <summary>The name of the method; empty for a stub of the runtime, null if it cannot be told.</summary>
    internal string? Find(nint methodDesc)
    {
        if (!memory.TryRead(methodDesc + layout.MethodFlags, out ushort flags))
            return null;
        if ((flags & ClassMask) == DynamicClass)
            return FindDynamic(methodDesc);

        nint chunk = methodDesc - layout.ChunkSize - memory.ReadOrDefault<byte>(methodDesc + layout.MethodChunkIndex) * layout.MethodAlignment;
        nint module = memory.ReadOrDefault<nint>(memory.ReadOrDefault<nint>(chunk + layout.ChunkMethodTable) + layout.TableModule);
        int remainderMask = (1 << layout.MethodTokenBits) - 1;
        int rangeMask = (1 << (24 - layout.MethodTokenBits)) - 1;
        int remainder = memory.ReadOrDefault<ushort>(methodDesc + layout.MethodTokenRemainder) & remainderMask;
        int range = memory.ReadOrDefault<ushort>(chunk + layout.ChunkTokenRange) & rangeMask;
        return Find(module, (range << layout.MethodTokenBits) | remainder);
    }

    internal bool IsPInvoke(nint methodDesc) =>
        memory.TryRead(methodDesc + layout.MethodFlags, out ushort flags) && (flags & ClassMask) == PInvokeClass;

    private string? FindDynamic(nint methodDesc)
    {
        if ((memory.ReadOrDefault<uint>(methodDesc + layout.MethodExtendedFlags) & IsLcgMethod) == 0)
            return "";
        nint text = memory.ReadOrDefault<nint>(methodDesc + layout.DynamicMethodName);
        var name = new List<byte>();
        while (name.Count < MaximumNameBytes && memory.TryRead(text + name.Count, out byte character) && character != 0)
            name.Add(character);
        return name.Count == 0 ? null : $"DynamicClass.{Encoding.UTF8.GetString([.. name])}";
    }

    private string? Find(nint module, int row)
    {
        // An assembly that was unloaded leaves its address to others: so its entry counts only while it lives.
        if (row == 0 || module == 0)
            return null;
        if (!_modules.TryGetValue(module, out KnownModule? known) || !known.Assembly.TryGetTarget(out Assembly? assembly))
        {
            FindModules();
            if (!_modules.TryGetValue(module, out known) || !known.Assembly.TryGetTarget(out assembly))
                return null;
        }
        if (!known.Names.TryGetValue(row, out string? name))
        {
            name = ReadName(assembly, row);
            if (name is not null)
                known.Names.Add(row, name);
        }
        GC.KeepAlive(assembly);
        return name;
    }

    // Every assembly has a type <Module>, and its method table leads to the module.
    private void FindModules()
    {
        foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            try
            {
                nint table = assembly.ManifestModule.ModuleHandle.GetRuntimeTypeHandleFromMetadataToken(ModuleTypeToken).Value;
                nint module = memory.ReadOrDefault<nint>(table + layout.TableModule);
                if (!_modules.TryGetValue(module, out KnownModule? known) || !known.Assembly.TryGetTarget(out Assembly? before) || before != assembly)
                    _modules[module] = new KnownModule(new WeakReference<Assembly>(assembly), []);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Assemblies made at run time need not have it, and have no names to read either.
            }
        }
    }

    private static unsafe string? ReadName(Assembly assembly, int row)
    {
        // SAFETY: the metadata stays where it is while the assembly lives, which the caller sees to.
        if (!assembly.TryGetRawMetadata(out byte* metadata, out int length))
            return null;
        try
        {
            var reader = new MetadataReader(metadata, length);
            if (row > reader.GetTableRowCount(TableIndex.MethodDef))
                return null;
            MethodDefinition method = reader.GetMethodDefinition(MetadataTokens.MethodDefinitionHandle(row));
            return $"{TypeName(reader, method.GetDeclaringType())}.{reader.GetString(method.Name)}";
        }
        catch (BadImageFormatException)
        {
            return null;
        }
    }

    // As a stack trace writes it: a nested type after its outer one and a point.
    private static string TypeName(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        string name = reader.GetString(type.Name);
        if (type.GetDeclaringType() is { IsNil: false } outer)
            return $"{TypeName(reader, outer)}.{name}";
        string ns = reader.GetString(type.Namespace);
        return ns.Length == 0 ? name : $"{ns}.{name}";
    }
}
