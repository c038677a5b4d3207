using System.Diagnostics;

namespace GreenThreads.Tests;

public sealed class MachineCodeTests
{
    public static TheoryData<string> Files => ["ThreadStatics.X64.S", "ContextSwitch.X64.S", "StackSampler.X64.S", "ThreadEnd.X64.S", "StackRedirect.X64.S", "ForeignCall.X64.S"];

    [Theory]
    [MemberData(nameof(Files))]
    public void The_bytes_are_the_instructions_of_the_listing(string file)
    {
        List<(string Label, List<string> Instructions)> listing = MachineCodeListing.Read(file);
        List<(string Label, byte[] Code)> routines = RoutinesOf(file);
        Assert.Equal(listing.Select(routine => routine.Label), routines.Select(routine => routine.Label));
        foreach (((_, List<string> expected), (_, byte[] code)) in listing.Zip(routines))
            Assert.Equal(expected, MachineCodeListing.Disassemble(code));
    }

    [AssemblerTheory]
    [MemberData(nameof(Files))]
    public void The_bytes_are_what_the_assembler_makes_of_the_listing(string file)
    {
        byte[] expected = Assembler.Assemble(MachineCodeListing.PathOf(file));
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString([.. RoutinesOf(file).SelectMany(routine => routine.Code)]));
    }

    [Fact]
    public void The_switch_pops_as_many_words_as_the_frame_of_a_new_stack_has()
    {
        foreach (byte[] code in new[] { ContextSwitchCode.SwitchToPeer, ContextSwitchCode.SwitchAcross })
        {
            List<string> instructions = MachineCodeListing.Disassemble(code);
            Assert.Equal(ContextSwitchCode.FrameWords, instructions.Count(instruction => instruction == "ret" || instruction.StartsWith("pop ", StringComparison.Ordinal)));
        }
    }

    private static List<(string Label, byte[] Code)> RoutinesOf(string file) => file switch
    {
        "ThreadStatics.X64.S" => [("move_thread_statics", ThreadStaticsCode.MoveThreadStatics), ("call_without_thread", ThreadStaticsCode.CallWithoutThread)],
        "ContextSwitch.X64.S" => [("switch_to_peer", ContextSwitchCode.SwitchToPeer), ("switch_across", ContextSwitchCode.SwitchAcross), ("coroutine_entry", ContextSwitchCode.CoroutineEntry)],
        "StackSampler.X64.S" => [("take_sample", StackSamplerCode.TakeSample)],
        "ThreadEnd.X64.S" => [("end_thread", ThreadEndCode.EndThread)],
        "StackRedirect.X64.S" => [("redirect", StackRedirectCode.Redirect)],
        "ForeignCall.X64.S" => [("call_on_stack", ForeignCallCode.CallOnStack), ("call_on_stack_of_four", ForeignCallCode.CallOnStackOfFour), ("call_keeping_error", ForeignCallCode.CallKeepingError)],
        _ => throw new ArgumentException($"no routines are known of {file}", nameof(file)),
    };
}

/// <summary>A test that needs the GNU assembler; skipped without it, with that reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AssemblerTheoryAttribute : TheoryAttribute
{
    public AssemblerTheoryAttribute() => Skip = Assembler.IsInstalled ? null : "needs the GNU assembler: neither as nor objcopy may be missing from the PATH";
}

internal static class Assembler
{
    internal static bool IsInstalled { get; } = IsOnPath("as") && IsOnPath("objcopy");

    /// <summary>The bytes of the text section.</summary>
    internal static byte[] Assemble(string path)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("greenthreads-tests-");
        try
        {
            string objectFile = Path.Combine(directory.FullName, "listing.o");
            string binary = Path.Combine(directory.FullName, "listing.bin");
            Run("as", "--64", "-o", objectFile, path);
            Run("objcopy", "-O", "binary", "-j", ".text", objectFile, binary);
            return File.ReadAllBytes(binary);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static void Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command}: {error}");
    }

    private static bool IsOnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, command)));
}
