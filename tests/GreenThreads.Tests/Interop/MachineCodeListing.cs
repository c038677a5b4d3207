using System.Text.RegularExpressions;
using Iced.Intel;

namespace GreenThreads.Tests;

/// <summary>The routines of an assembly listing beside src, and machine code in the same words.</summary>
internal static partial class MachineCodeListing
{
    internal static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Listings", file);

    /// <summary>The instructions of each routine, in the order of the file, under its label.</summary>
    internal static List<(string Label, List<string> Instructions)> Read(string file)
    {
        var routines = new List<(string Label, List<string> Instructions)>();
        foreach (string line in File.ReadLines(PathOf(file)))
        {
            string text = line.Split('#')[0].Trim();
            if (text.StartsWith('.'))
                continue; // a label inside a routine
            if (text.EndsWith(':'))
                routines.Add((text[..^1], []));
            else if (text.Length > 0)
                routines[^1].Instructions.Add(Normalise(text));
        }
        return routines;
    }

    internal static List<string> Disassemble(byte[] code)
    {
        var formatter = new GasFormatter();
        formatter.Options.HexPrefix = "0x";
        formatter.Options.UppercaseHex = false;
        formatter.Options.SmallHexNumbersInDecimal = true;
        var decoder = Decoder.Create(64, code);
        var output = new StringOutput();
        var instructions = new List<string>();
        while (decoder.IP < (ulong)code.Length)
        {
            formatter.Format(decoder.Decode(), output);
            instructions.Add(Normalise(output.ToStringAndReset()));
        }
        return instructions;
    }

    // One blank after the mnemonic, none between operands. Where a jump goes is left to the assembler's test.
    private static string Normalise(string instruction) =>
        JumpTarget().Replace(AfterComma().Replace(Blanks().Replace(instruction.Trim(), " "), ","), "$1 target");

    [GeneratedRegex(@"^(j\w+) (\.L|0x|\d)\w+$")]
    private static partial Regex JumpTarget();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"\s*,\s*")]
    private static partial Regex AfterComma();
}
