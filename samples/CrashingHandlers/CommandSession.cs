using System.Text;

namespace GreenThreads.Samples.Crashing;

/// <summary>Reads a command, such as "echo hello", asks the service of that name, and writes the answer.</summary>
internal sealed class CommandSession(GreenTcpStream stream, Services services) : Session(stream)
{
    private const int MaximumLine = 1024;

    internal override void Serve()
    {
        var lines = new LineReader(Stream, MaximumLine);
        while (lines.Read() is { } line)
        {
            string[] words = line.Split(' ', 2);
            string answer = words[0] == "status" ? services.Status() : services.Ask(words[0], words.Length > 1 ? words[1] : "");
            Stream.Write(Encoding.UTF8.GetBytes(answer + '\n'));
        }
    }
}
