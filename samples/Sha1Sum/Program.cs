using System.CommandLine;
using System.Text;

namespace GreenThreads.Samples.Sha1;

internal static class Program
{
    private static readonly Option<bool> s_binary = new("--binary", "-b") { Description = "Marks each file with an asterisk, as one that was read in binary mode." };
    private static readonly Option<bool> s_text = new("--text", "-t") { Description = "Does not (the default). The bytes are the same." };
    private static readonly Option<bool> s_tag = new("--tag") { Description = "Lines in the style of BSD." };
    private static readonly Option<bool> s_zero = new("--zero", "-z") { Description = "Ends each line with a zero byte, and escapes no file names." };
    private static readonly Argument<string[]> s_files = new("file") { Description = "Without any, or for -: the standard input.", Arity = ArgumentArity.ZeroOrMore };

    private static int Main(string[] args)
    {
        var root = new RootCommand("Prints SHA-1 checksums as sha1sum does.") { s_binary, s_text, s_tag, s_zero, s_files };
        return CommandLine.Run(root, args, static result =>
        {
            string[] files = result.GetValue(s_files) is { Length: > 0 } given ? given : [InputFile.StandardInput];
            var format = new LineFormat
            {
                IsBinary = result.GetValue(s_binary) && !result.GetValue(s_text),
                IsTagged = result.GetValue(s_tag),
                IsZeroTerminated = result.GetValue(s_zero),
            };
            // No logger: what is on stderr is that of sha1sum, also on a machine so busy that the library would warn.
            using var group = new SchedulerGroup();
            return group.Spawn(() => HashAll(files, format), "main").Result ? 0 : CommandLine.Failed;
        });
    }

    // Many files at once, and the lines in the order of the arguments.
    private static bool HashAll(string[] files, LineFormat format)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 64 * 1024);
        var open = new GreenSemaphore(FileHash.FilesAtOnce);
        GreenThread<HashResult>[] hashes = [.. files.Select(file => GreenThread.Spawn(() =>
        {
            open.Wait();
            try
            {
                return FileHash.Compute(file);
            }
            finally
            {
                open.Release();
            }
        }))];
        bool isComplete = true;
        for (int i = 0; i < files.Length; i++)
        {
            HashResult result = hashes[i].Result;
            if (result.Error is { } error)
            {
                isComplete = false;
                output.Flush();
                Console.Error.WriteLine($"sha1sum: {LineFormat.Quoted(files[i])}: {error}");
            }
            else
            {
                output.Write(format.Line(files[i], result.Hash));
            }
        }
        return isComplete;
    }
}
