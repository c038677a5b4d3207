using System.Reflection;
using System.Text;

namespace GreenThreads;

// A call of the class library into the runtime (a QCall) is a P/Invoke, and the runtime keeps the address of its native function in the method's
// descriptor (NDirectMethodDesc, method.hpp), beside the name of the entry point. All code calls through that word: code compiled ahead, code compiled
// while it runs, stubs. So another function can be put there, at any time, and everybody's next call goes to it.
//
// Found by shape: among the first words of the descriptor, one points to the name, and one, behind it, into the code of libcoreclr; each exactly one.

/// <summary>The word that holds the address of the native function behind a method of the class library.</summary>
internal sealed unsafe class RuntimeCall
{
    // On 10.0.12 the name is word 2 and the function word 4 of six.
    private const int Words = 6;

    private readonly nint* _word;

    private RuntimeCall(nint* word)
    {
        _word = word;
        Function = *word;
    }

    /// <summary>The runtime's own function.</summary>
    internal nint Function { get; }

    /// <summary>Looks for it. Calls it once, with a zero for its argument: before the first call the descriptor is empty.</summary>
    /// <exception cref="RuntimeUnsupportedException">It is not as it is known to be.</exception>
    internal static RuntimeCall Find(CoreClrModule module, Type type, string method, string entryPoint)
    {
        MethodInfo info = type.GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)
            ?? throw new RuntimeUnsupportedException($"{type} has no method {method}");
        info.Invoke(null, info.GetParameters().Length == 0 ? [] : [0]);
        nint descriptor = info.MethodHandle.Value;
        using var memory = new SelfMemory();
        byte[] name = [.. Encoding.ASCII.GetBytes(entryPoint), 0];
        byte[] text = new byte[name.Length];
        nint* function = null;
        int names = 0, functions = 0;
        for (int i = 0; i < Words; i++)
        {
            nint word = memory.ReadOrDefault<nint>(descriptor + i * sizeof(nint));
            if (memory.TryRead(word, text) && text.AsSpan().SequenceEqual(name))
                names++;
            else if (names == 1 && module.ExecutableSegments.Exists(segment => word >= segment.Start && word < segment.End))
            {
                function = (nint*)descriptor + i;
                functions++;
            }
        }
        return names == 1 && functions == 1
            ? new RuntimeCall(function)
            : throw new RuntimeUnsupportedException($"the descriptor of {type}.{method} has {names} names and {functions} functions");
    }

    /// <summary>Every call from now on goes to another function, of the same signature.</summary>
    // SAFETY: a word of the runtime's own heap, which it writes itself when it binds the call; descriptors of the class library are never freed.
    internal void Replace(nint function) => Volatile.Write(ref *_word, function);
}
