namespace GreenThreads;

/// <summary>
/// What is known of builds of libcoreclr, by their build id, and would be slow to probe in every process. Each was found by the probe;
/// tools/runtime-matrix runs it again.
/// </summary>
internal static class ClrLayoutTable
{
    internal readonly record struct Entry(string Version, int HasPendingActivation);

    private static readonly Dictionary<string, Entry> s_entries = new()
    {
        ["989b56dfb2782aa230f822ee4c520e2ccfea71b7"] = new("10.0.11", 729),
        ["79945f51fb2612f13b7667a10a8fd29122664791"] = new("10.0.12", 729),
        ["8a5d1b4e02259934810ebee057affcd86a1c89d2"] = new("10.0.13", 729),
        ["e217f0fc049d68f827cc2e462c0c3b59ad69a198"] = new("10.0.14", 729),
    };

    internal static bool TryFind(string buildId, out Entry entry) => s_entries.TryGetValue(buildId, out entry);
}
