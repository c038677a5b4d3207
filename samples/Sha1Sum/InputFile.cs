using System.Runtime.InteropServices;

namespace GreenThreads.Samples.Sha1;

/// <summary>What is wrong with a file, in the words of the C library.</summary>
internal sealed class InputFileException(int errno) : Exception(Marshal.GetPInvokeErrorMessage(errno));

/// <summary>A file to read, or the standard input, which may be anything: a stream of the framework's, whose reads block.</summary>
internal sealed class InputFile : IDisposable
{
    internal const string StandardInput = "-";

    private const int ENOENT = 2;

    private readonly Stream _stream;

    private InputFile(Stream stream) => _stream = stream;

    /// <summary>Opens it; the standard input for "-". Parks.</summary>
    /// <exception cref="InputFileException">It cannot be opened.</exception>
    internal static InputFile Open(string name)
    {
        if (name.Length == 0)
            throw new InputFileException(ENOENT);
        try
        {
            return new InputFile(name == StandardInput ? Console.OpenStandardInput() : GreenFile.OpenRead(name));
        }
        catch (SystemCallException exception)
        {
            throw new InputFileException(exception.Errno);
        }
    }

    /// <summary>Fills the buffer, or reads to the end. Parks.</summary>
    /// <returns>How many bytes; fewer than the buffer has room for only at the end.</returns>
    /// <exception cref="InputFileException">It cannot be read.</exception>
    internal int Read(byte[] buffer)
    {
        try
        {
            return _stream is GreenFile ? _stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)
                : Foreign.RunBlocking(() => _stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        }
        catch (SystemCallException exception)
        {
            throw new InputFileException(exception.Errno);
        }
    }

    public void Dispose() => _stream.Dispose();
}
