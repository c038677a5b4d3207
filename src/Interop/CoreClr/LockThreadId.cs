using System.Reflection;
using System.Reflection.Emit;

namespace GreenThreads;

// System.Threading.Lock knows its owner by a number of its own, in a thread static that it fills with the OS thread id (gettid) when a thread
// first takes a Lock (dotnet/runtime, Lock.NonNativeAot.cs). For green threads that would be the id of whichever OS thread carried them then:
// two that first took a Lock on the same OS thread would be one owner to it, and both be let in. So each gets a number before it runs any
// code. (Monitor, and with it `lock` on other objects, is not concerned: it asks for the Thread.)
internal static class LockThreadId
{
    private const string TypeName = "System.Threading.Lock+ThreadId";
    private const string FieldName = "t_threadId";

    private static Action<uint>? s_set;

    /// <summary>Finds and compiles what <see cref="Set"/> needs.</summary>
    /// <exception cref="RuntimeUnsupportedException">This runtime's Lock works in another way.</exception>
    internal static void Prepare()
    {
        FieldInfo? field = typeof(Lock).Assembly.GetType(TypeName)?.GetField(FieldName, BindingFlags.Static | BindingFlags.NonPublic);
        if (field is null || field.FieldType != typeof(uint) || !field.IsDefined(typeof(ThreadStaticAttribute), inherit: false))
            throw new RuntimeUnsupportedException($"there is no thread static {TypeName}.{FieldName}");
        var method = new DynamicMethod("SetLockThreadId", null, [typeof(uint)], typeof(Lock).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Stsfld, field);
        code.Emit(OpCodes.Ret);
        s_set = method.CreateDelegate<Action<uint>>();
    }

    /// <summary>Makes the number the calling thread's, for every Lock. Not while the thread holds one.</summary>
    internal static void Set(uint id) => s_set!(id);
}
