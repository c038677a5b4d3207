using System.Globalization;

namespace GreenThreads.Tests;

public sealed unsafe class ExecutableCodeTests
{
    private static readonly byte[] s_return41 = [0xB8, 41, 0, 0, 0, 0xC3]; // mov $41, %eax; ret
    private static readonly byte[] s_return42 = [0xB8, 42, 0, 0, 0, 0xC3];

    [SwitchedFact]
    public void Published_routines_run()
    {
        nint[] code = ExecutableCode.Publish(s_return41, s_return42);
        Assert.Equal(41, ((delegate* unmanaged<int>)code[0])());
        Assert.Equal(42, ((delegate* unmanaged<int>)code[1])());
    }

    [SwitchedFact]
    public void The_page_of_the_code_is_executable_and_not_writable()
    {
        nint code = ExecutableCode.Publish(s_return41)[0];
        Assert.Equal("r-xp", PermissionsOf(code));
    }

    [SwitchedFact]
    public void What_follows_a_routine_is_a_trap()
    {
        nint[] code = ExecutableCode.Publish(s_return41, s_return42);
        var between = new ReadOnlySpan<byte>((void*)(code[0] + s_return41.Length), (int)(code[1] - code[0]) - s_return41.Length);
        Assert.False(between.IsEmpty);
        Assert.Equal(-1, between.IndexOfAnyExcept((byte)0xCC));
    }

    private static string PermissionsOf(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] parts = line.Split(' ');
            string[] range = parts[0].Split('-');
            if (nint.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= address
                && address < nint.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                return parts[1];
        }
        return "not mapped";
    }
}
