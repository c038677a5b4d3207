namespace GreenThreads.Stress;

/// <summary>Pairs of types, never the same pair twice: each instantiates a static constructor that has not run, and a method that was not invoked.</summary>
internal static class FreshTypes
{
    // Each leaves some kilobytes in the runtime for ever.
    private const int Maximum = 20_000;

    private static readonly Type[] s_types =
        [.. typeof(object).Assembly.GetExportedTypes().Where(static type => IsArgument(type)).Take(300)];

    private static int s_used;

    internal static int Used => Math.Min(Volatile.Read(ref s_used), Maximum);

    /// <summary>Null when too many were taken.</summary>
    internal static (Type One, Type Other)? TryTake()
    {
        int index = Volatile.Read(ref s_used) >= Maximum ? Maximum : Interlocked.Increment(ref s_used) - 1;
        return index >= Maximum ? null : (s_types[index % s_types.Length], s_types[index / s_types.Length % s_types.Length]);
    }

    private static bool IsArgument(Type type) => type.IsClass && !(type.IsAbstract && type.IsSealed) && !type.ContainsGenericParameters;
}
