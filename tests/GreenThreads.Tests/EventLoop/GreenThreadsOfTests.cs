namespace GreenThreads.Tests;

/// <summary>How the contracts run on green threads, in bound mode too.</summary>
internal static class GreenThreadsOfTests
{
    internal static Task Start(Action body) => GreenThread.Spawn(body).Completion;
}

public sealed class GreenThreadSocketTests : SocketContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class GreenThreadSocketAsyncTests : SocketAsyncContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class GreenThreadAcceptTests : AcceptContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class GreenThreadWaitTests : WaitContract
{
    // Some look at one loop and at who waits there: nobody may be stolen to another.
    protected override void Run(Action body) => Green.RunAlone(body, new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });

    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class GreenThreadInterestStressTests : InterestStressContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}
