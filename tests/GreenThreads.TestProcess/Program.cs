namespace GreenThreads.TestProcess;

// Scenarios that need a process of their own: they end it, or look at the whole of it. The tests in tests/GreenThreads.Tests/Process start
// them, and tools/runtime-matrix starts some. A scenario reports on standard output as `name=value` lines and returns the exit code.
internal static class Program
{
    private static readonly Dictionary<string, Func<string[], int>> s_scenarios = new()
    {
        ["stack-overflow"] = CrashScenarios.StackOverflow,
        ["stack-overflow-in-foreign"] = CrashScenarios.StackOverflowInForeign,
        ["touch-guard"] = CrashScenarios.TouchGuard,
        ["fail-fast"] = CrashScenarios.FailFast,
        ["unhandled"] = CrashScenarios.Unhandled,
        ["exit-from-green-thread"] = ExitScenarios.ExitFromGreenThread,
        ["exit-from-main"] = ExitScenarios.ExitFromMain,
        ["main-returns"] = ExitScenarios.MainReturns,
        ["main-returns-with-callbacks"] = ExitScenarios.MainReturnsWithCallbacks,
        ["bound"] = BoundScenario.Run,
        ["no-address-space"] = NoAddressSpaceScenario.Run,
        ["no-stack"] = NoStackScenario.Run,
        ["park-many"] = ParkManyScenario.Run,
        ["wait-many"] = WaitManyScenario.Run,
        ["creation-cost"] = CreationCostScenario.Run,
        ["collection-pause"] = CollectionPauseScenario.Run,
        ["stack-use"] = StackUseScenario.Run,
        ["create-while-collecting"] = CreateWhileCollectingScenario.Run,
        ["probe"] = ProbeScenario.Run,
        ["frames"] = FramesScenario.Run,
        ["idle-cost"] = IdleCostScenario.Run,
        ["give-back"] = GiveBackScenario.Run,
        ["early-statics"] = EarlyStaticsScenario.Run,
        ["direct-room"] = DirectRoomScenario.Run,
        ["spin-first"] = SpinFirstScenario.Run,
        ["deadlock"] = DeadlockScenario.Run,
        ["signals"] = SignalScenario.Run,
        ["children"] = ChildrenScenario.Run,
        ["children-ignored"] = ChildrenScenario.RunIgnored,
        ["descriptors"] = DescriptorScenario.Exhaust,
        ["descriptor-leaks"] = DescriptorScenario.Leak,
        ["selfcheck"] = SelfCheckScenario.Run,
    };

    private static int Main(string[] args)
    {
        if (args.Length > 0 && s_scenarios.TryGetValue(args[0], out Func<string[], int>? scenario))
            return scenario(args[1..]);
        Console.Error.WriteLine($"usage: GreenThreads.TestProcess SCENARIO [ARGUMENT...], with a scenario of: {string.Join(' ', s_scenarios.Keys)}");
        return 2;
    }
}
