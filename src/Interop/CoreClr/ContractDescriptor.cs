using System.Globalization;
using System.Text.Json;

namespace GreenThreads;

/// <summary>
/// The offsets that CoreCLR publishes for diagnostics tools: the exported symbol DotNetRuntimeContractDescriptor, whose format is described in
/// dotnet/runtime, docs/design/datacontracts/contract-descriptor.md. The in-memory form is "compact": a field is either its offset or
/// [offset, type]; the size of a type is a field named "!". A global is its value or [value, type], where a value [n] stands for the n-th pointer
/// of the table beside the text.
/// </summary>
internal sealed class ContractDescriptor
{
    private const string Symbol = "DotNetRuntimeContractDescriptor";
    private const ulong Magic = 0x0043414443434e44; // "DNCCDAC\0"

    private readonly JsonElement _types;
    private readonly JsonElement _globals;
    private readonly JsonElement _contracts;
    private readonly nint[] _pointers;

    private ContractDescriptor(JsonElement root, nint[] pointers)
    {
        _types = root.GetProperty("types");
        _ = TryGetProperty(root, "globals", out _globals);
        _ = TryGetProperty(root, "contracts", out _contracts);
        _pointers = pointers;
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
        nint[] pointers = new ReadOnlySpan<nint>(header->PointerData, (int)header->PointerDataCount).ToArray();
        return Parse(new ReadOnlySpan<byte>(header->Descriptor, (int)header->DescriptorSize), pointers);
    }

    internal static ContractDescriptor Parse(ReadOnlySpan<byte> json, params nint[] pointers)
    {
        try
        {
            JsonElement root = JsonSerializer.Deserialize<JsonElement>(json);
            return new ContractDescriptor(root, pointers);
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

    /// <summary>The size in bytes of a runtime type.</summary>
    internal int SizeOf(string type) => OffsetOf(type, "!");

    /// <summary>The address that the runtime publishes under a name: of the global variable itself.</summary>
    internal nint PointerOf(string global)
    {
        if (!TryGetProperty(_globals, global, out JsonElement value) || value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            throw new RuntimeUnsupportedException($"{Symbol} has no pointer {global}");
        JsonElement index = value[0];
        if (index.ValueKind == JsonValueKind.Array && index.GetArrayLength() == 1)
            index = index[0];
        if (index.ValueKind != JsonValueKind.Number || !index.TryGetInt32(out int i) || i < 0 || i >= _pointers.Length)
            throw new RuntimeUnsupportedException($"{Symbol} has no readable pointer {global}");
        return _pointers[i];
    }

    internal bool HasGlobal(string global) => TryGetProperty(_globals, global, out _);

    /// <summary>A constant that the runtime publishes: as a number, or as text in decimal or after 0x.</summary>
    internal nint ConstantOf(string global)
    {
        if (!TryGetProperty(_globals, global, out JsonElement value))
            throw new RuntimeUnsupportedException($"{Symbol} has no {global}");
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
            value = value[0];
        string text = value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : "";
        bool isHexadecimal = text.StartsWith("0x", StringComparison.Ordinal);
        NumberStyles style = isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        if (!long.TryParse(isHexadecimal ? text[2..] : text, style, CultureInfo.InvariantCulture, out long number))
            throw new RuntimeUnsupportedException($"{Symbol} has no readable constant {global}");
        return (nint)number;
    }

    /// <summary>The version of a contract: how to read the types that it is about.</summary>
    internal int VersionOf(string contract) =>
        TryGetProperty(_contracts, contract, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int version)
            ? version
            : throw new RuntimeUnsupportedException($"{Symbol} has no contract {contract}");

    // Of what is no object, JsonElement.TryGetProperty throws instead.
    private static bool TryGetProperty(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }
}
