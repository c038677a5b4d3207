namespace GreenThreads.Samples.Tests;

/// <summary>A test that needs foreign programs. Skipped where one is not installed, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolFactAttribute : FactAttribute
{
    private static readonly Dictionary<string, string> s_packages = new()
    {
        ["ab"] = "apache2-utils",
        ["h2load"] = "nghttp2-client",
        ["nc"] = "netcat-openbsd",
        ["sha1sum"] = "coreutils",
    };

    /// <param name="tools">Their names.</param>
    public ToolFactAttribute(params string[] tools)
    {
        if (tools.FirstOrDefault(tool => Tool.Find(tool) is null) is { } missing)
            Skip = $"there is no {missing} (Debian: {s_packages.GetValueOrDefault(missing, missing)})";
    }
}
