using System.Text.Json;

namespace GreenThreads;

/// <summary>
/// The offsets that CoreCLR publishes for diagnostics tools: the exported symbol DotNetRuntimeContractDescriptor, whose format is described in
/// dotnet/runtime, docs/design/datacontracts/contract-descriptor.md. The in-memory form is "compact": a field is either its offset or
/// [offset, type].
/// </summary>
internal sealed class ContractDescriptor
{
    private const string Symbol = "DotNetRuntimeContractDescriptor";
    private const ulong Magic = 0x0043414443434e44; // "DNCCDAC\0"

    private readonly JsonElement _types;
    private readonly JsonElement _globals;
    private readonly nint[] _pointerData;

    private ContractDescriptor(JsonElement root, nint[] pointerData)
    {
        _types = root.GetProperty("types");
        TryGetProperty(root, "globals", out _globals);
        _pointerData = pointerData;
    }

    // As in contract-descriptor.md; the header is followed by fields of pointer size.
#pragma warning disable CS0649 // the runtime fills it in
    private unsafe struct Header
    {
        public ulong Magic;
        public uint Flags;
        public uint DescriptorSize;
        public byte* Descriptor;
        public uint PointerDataCount;
        public uint Padding;
        public nint* PointerData;
    }
#pragma warning restore CS0649

    internal static unsafe ContractDescriptor Read(nint module)
    {
        var header = (Header*)Interop.dlsym(module, Symbol);
        if (header is null)
            throw new RuntimeUnsupportedException($"libcoreclr exports no {Symbol}");
        // SAFETY: the symbol is the header, and its fields say where the text is and how long; all of it is constant data of libcoreclr.
        if (header->Magic != Magic)
            throw new RuntimeUnsupportedException($"{Symbol} has an unknown magic number 0x{header->Magic:x}");
        return Parse(new ReadOnlySpan<byte>(header->Descriptor, (int)header->DescriptorSize),
            new ReadOnlySpan<nint>(header->PointerData, (int)header->PointerDataCount));
    }

    internal static ContractDescriptor Parse(ReadOnlySpan<byte> json, ReadOnlySpan<nint> pointerData = default)
    {
        try
        {
            JsonElement root = JsonSerializer.Deserialize<JsonElement>(json);
            return new ContractDescriptor(root, pointerData.ToArray());
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RuntimeUnsupportedException($"{Symbol} cannot be read: {exception.Message}");
        }
    }

    /// <summary>The offset in bytes of a field of a runtime type.</summary>
    internal int OffsetOf(string type, string field)
    {
        if (!TryGetProperty(_types, type, out JsonElement fields) || !TryGetProperty(fields, field, out JsonElement value))
            throw new RuntimeUnsupportedException($"{Symbol} has no {type}.{field}");
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
            value = value[0];
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int offset) || offset < 0)
            throw new RuntimeUnsupportedException($"{Symbol} has no readable offset for {type}.{field}");
        return offset;
    }

    /// <summary>The address of a global variable of the runtime's. The text has [[index in the pointer data], type].</summary>
    internal nint AddressOf(string global)
    {
        if (!TryGetProperty(_globals, global, out JsonElement value) || value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0
            || value[0].ValueKind != JsonValueKind.Array || value[0].GetArrayLength() != 1 || value[0][0].ValueKind != JsonValueKind.Number
            || !value[0][0].TryGetInt32(out int index) || index < 0 || index >= _pointerData.Length)
            throw new RuntimeUnsupportedException($"{Symbol} has no readable address of {global}");
        return _pointerData[index];
    }

    // Of what is no object, JsonElement.TryGetProperty throws instead.
    private static bool TryGetProperty(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }
}
