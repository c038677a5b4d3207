using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>Where the variables of a class lie that the seam can touch (numbers and green threads, also inside of structs), measured on a probe object.</summary>
internal sealed class ModelLayout
{
    private const BindingFlags AllFields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly ConcurrentDictionary<Type, ModelLayout> s_layouts = new();

    private readonly Dictionary<int, string> _names = [];
    private readonly List<FieldInfo> _arrays = [];

    private ModelLayout(Type type)
    {
        AddFields(RuntimeHelpers.GetUninitializedObject(type), type, []);
    }

    /// <summary>Up to the end of the last variable; less than the object has.</summary>
    internal int Size { get; private set; }

    /// <summary>The fields that hold arrays of variables.</summary>
    internal IReadOnlyList<FieldInfo> Arrays => _arrays;

    internal static ModelLayout Of(Type type) => s_layouts.GetOrAdd(type, type => new ModelLayout(type));

    internal static ref byte FirstByteOf(object value) => ref Unsafe.As<AnyObject>(value).FirstByte;

    /// <summary>4 or 8; 0 if the array is none of variables.</summary>
    internal static int ElementSizeOf(Type array)
    {
        Type element = array.GetElementType()!;
        if (element == typeof(int))
            return sizeof(int);
        if (element is { IsValueType: true, IsPrimitive: false } && element.GetFields(AllFields) is [{ } field])
            element = field.FieldType;
        return element == typeof(GreenThread) ? IntPtr.Size : 0;
    }

    internal string NameAt(int offset) => _names[offset];

    private void AddFields(object probe, Type type, FieldInfo[] path)
    {
        foreach (FieldInfo field in type.GetFields(AllFields))
        {
            FieldInfo[] inner = [.. path, field];
            if (field.FieldType == typeof(int))
                AddVariable(probe, inner, sizeof(int), set: -1, clear: 0);
            else if (field.FieldType == typeof(GreenThread))
                AddVariable(probe, inner, IntPtr.Size, set: ModelItems.Get(0), clear: null);
            else if (field.FieldType is { IsValueType: true, IsPrimitive: false, IsEnum: false })
                AddFields(probe, field.FieldType, inner);
            else if (path.Length == 0 && field.FieldType.IsArray && ElementSizeOf(field.FieldType) != 0)
                _arrays.Add(field);
        }
    }

    // All of the probe is zero but this variable.
    private void AddVariable(object probe, FieldInfo[] path, int size, object set, object? clear)
    {
        Set(probe, path, set);
        int offset = 0;
        // SAFETY: ends within the object, at the variable that is not zero. Compares bits with zero only, so a moving collector does not matter.
        while (Unsafe.ReadUnaligned<int>(ref Unsafe.AddByteOffset(ref FirstByteOf(probe), offset)) == 0)
            offset += sizeof(int);
        Set(probe, path, clear);
        // A reference whose lower half happens to be zero has been found four bytes late.
        offset -= offset % size;
        _names.Add(offset, string.Join('.', path.Select(field => field.Name)));
        Size = Math.Max(Size, offset + size);
    }

    private static void Set(object target, ReadOnlySpan<FieldInfo> path, object? value)
    {
        if (path.Length > 1)
        {
            object inner = path[0].GetValue(target)!;
            Set(inner, path[1..], value);
            value = inner;
        }
        path[0].SetValue(target, value);
    }

    private sealed class AnyObject
    {
        internal byte FirstByte;
    }
}
