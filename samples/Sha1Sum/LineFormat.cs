namespace GreenThreads.Samples.Sha1;

/// <summary>What a line looks like: <c>sha1sum --help</c>, and "md5sum invocation" in the manual of the GNU coreutils.</summary>
internal sealed record LineFormat
{
    internal bool IsBinary { get; init; }

    internal bool IsTagged { get; init; }

    internal bool IsZeroTerminated { get; init; }

    internal string Line(string file, byte[] hash)
    {
        string name = IsZeroTerminated ? file : Escaped(file);
        string escape = name == file ? "" : "\\"; // Says that the name is escaped.
        string end = IsZeroTerminated ? "\0" : "\n";
        string sum = Convert.ToHexStringLower(hash);
        return IsTagged ? $"{escape}SHA1 ({name}) = {sum}{end}" : $"{escape}{sum} {(IsBinary ? '*' : ' ')}{name}{end}";
    }

    /// <summary>How the coreutils name a file in a message: as it is, or quoted for a shell if it has anything unusual in it.</summary>
    internal static string Quoted(string file)
    {
        bool isPlain = file.Length > 0 && file.All(static c => char.IsAsciiLetterOrDigit(c) || "_-./,+:@%^".Contains(c, StringComparison.Ordinal) || c > 127);
        return isPlain ? file : file.Contains('\'', StringComparison.Ordinal) && !file.Any(static c => "\"$`\\!".Contains(c, StringComparison.Ordinal))
            ? $"\"{file}\""
            : $"'{file.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    private static string Escaped(string file) => file
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
}
