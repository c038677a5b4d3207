namespace GreenThreads.Tests;

public sealed class StackGuardTests
{
    private const int MapsLeftToOthers = 8192;
    private const int Guards = 5;

    [Fact]
    public void Guards_by_mprotect_stop_before_the_limit_of_mappings_and_name_it()
    {
        var arena = new StackArena(capacity: 100, guard: new StackGuard(useMprotect: true, mapLimit: MapsLeftToOthers + 2 * Guards));
        for (int i = 0; i < Guards; i++)
            arena.Allocate();
        for (int i = 0; i < 2; i++)
        {
            var exception = Assert.Throws<GreenThreadLimitException>(() => arena.Allocate());
            Assert.Equal("vm.max_map_count", exception.Setting);
            Assert.Contains("raise vm.max_map_count", exception.Message, StringComparison.Ordinal);
        }
        Assert.Equal(Guards, arena.InUse);
    }

    [Fact]
    public void A_freed_stack_keeps_its_guard_and_costs_no_further_mapping()
    {
        var arena = new StackArena(capacity: 100, guard: new StackGuard(useMprotect: true, mapLimit: MapsLeftToOthers + 2));
        int index = arena.Allocate();
        for (int i = 0; i < 10; i++)
        {
            arena.Free(index);
            Assert.Equal(index, arena.Allocate());
        }
    }

    [Fact]
    public void The_limit_of_mappings_is_read_from_the_kernel()
    {
        int expected = int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(expected, StackGuard.ReadMapLimit());
    }

    [SwitchedFactWithGuardAdvice]
    public void Guards_by_advice_need_no_mappings()
    {
        var arena = new StackArena(capacity: 1000, guard: new StackGuard(useMprotect: false, mapLimit: 0));
        int before = CountMappings();
        for (int i = 0; i < 1000; i++)
            arena.Allocate();
        Assert.InRange(CountMappings() - before, -50, 50);
    }

    private static int CountMappings() => File.ReadLines("/proc/self/maps").Count();
}
