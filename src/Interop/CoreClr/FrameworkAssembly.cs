using System.Reflection;

namespace GreenThreads;

/// <summary>Tells the assemblies of the running .NET (Microsoft.NETCore.App) from everybody else's.</summary>
internal static class FrameworkAssembly
{
    /// <summary>
    /// Whether an assembly is part of the framework. It must lie where the framework lies, and be signed as the framework is: a self-contained
    /// application has its own assemblies in that directory too, and a single file has no directories at all.
    /// </summary>
    internal static bool Contains(Assembly assembly)
    {
        Assembly core = typeof(object).Assembly;
        return assembly == core || (!assembly.IsDynamic && !assembly.IsCollectible
            && Path.GetDirectoryName(assembly.Location) == Path.GetDirectoryName(core.Location)
            && IsSigned(assembly));
    }

    // System.Private.CoreLib's key; then those of the class library's other assemblies.
    private static bool IsSigned(Assembly assembly) => Convert.ToHexStringLower(assembly.GetName().GetPublicKeyToken() ?? [])
        is "7cec85d7bea7798e" or "b03f5f7f11d50a3a" or "b77a5c561934e089" or "cc7b13ffcd2ddd51";
}
