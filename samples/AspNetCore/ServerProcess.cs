using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.AspNetCoreSample;

/// <summary>This program once more, as the server.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan s_sampling = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly Timer _sampler;
    private int _mostOsThreads;

    private ServerProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
        _sampler = new Timer(_ => Sample(), null, s_sampling, s_sampling);
    }

    internal Uri Address { get; }

    /// <summary>The most OS threads that it had at once, as far as has been seen.</summary>
    internal int MostOsThreads => Volatile.Read(ref _mostOsThreads);

    internal static ServerProcess Start(Kind kind)
    {
        // Started as "dotnet AspNetCore.dll" the process is dotnet; otherwise it is the program itself.
        string program = Environment.ProcessPath ?? throw new IOException("the path of this program is not known");
        var command = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileName(program) == "dotnet")
            command.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, $"{typeof(ServerProcess).Assembly.GetName().Name}.dll"));
        command.ArgumentList.Add(Arguments.ServeVerb);
        command.ArgumentList.Add(Arguments.NameOf(kind));
        Process process = Process.Start(command) ?? throw new IOException("the server did not start");
        string? address = process.StandardOutput.ReadLine();
        if (address is not null)
            return new ServerProcess(process, new Uri(address));
        process.WaitForExit();
        throw new IOException($"the server ended with exit code {process.ExitCode}");
    }

    public void Dispose()
    {
        _sampler.Dispose();
        _process.Kill(); // It may have no thread left to end by itself.
        _process.Dispose();
    }

    private void Sample()
    {
        const string Field = "Threads:";
        try
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
            int count = int.Parse(line[Field.Length..], NumberStyles.Integer, CultureInfo.InvariantCulture);
            if (count > _mostOsThreads)
                Volatile.Write(ref _mostOsThreads, count);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // It has ended.
        }
    }
}
