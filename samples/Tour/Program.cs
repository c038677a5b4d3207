using System.Runtime.InteropServices;

namespace GreenThreads.Tour;

// Exit codes: 0 done or stopped by Ctrl-C or SIGTERM, 1 something failed or was found damaged, 2 bad arguments.
internal static class Program
{
    private static int Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return new Arguments().Parse(args, out int exitCode) switch
            {
                LoadOptions load => EchoLoad.Run(load, stop.Token),
                TourOptions tour => Run(tour, stop.Token),
                _ => exitCode,
            };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.Error.WriteLine("stopped");
            return 0;
        }
        catch (Exception exception) when (exception is IOException or TourException or GreenThreadLimitException)
        {
            Console.Error.WriteLine($"Tour: {exception.Message}");
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true; // The process ends by returning from Main.
            stop.Cancel();
        }
    }

    private static int Run(TourOptions options, CancellationToken stop)
    {
        if (options.Serve is { } port)
            return Serve(port, stop);

        var report = new Report(options.Json);
        report.Start();
        TourPlan plan = options.Plan();
        if (plan.Note is { } note)
            report.Note(note);
        ParkedFigures parked = new ParkedDeep(plan.Threads, options.Damage, stop).Run();
        report.Add(parked);
        report.Add(EchoMeasurement.Run(plan.Connections, plan.Seconds, stop));
        report.Add(YieldRate.Run(plan.Yields, stop));
        report.End();
        foreach (string damage in parked.Damaged)
            Console.Error.WriteLine($"Tour: damaged: {damage}");
        return parked.Damaged.Count == 0 ? 0 : 1;
    }

    private static int Serve(int port, CancellationToken stop)
    {
        using var server = EchoServer.Start(port);
        Console.WriteLine($"echo server on {server.EndPoint}, Ctrl-C stops it; try: nc {server.EndPoint.Address} {server.EndPoint.Port}");
        stop.WaitHandle.WaitOne();
        return 0;
    }
}
