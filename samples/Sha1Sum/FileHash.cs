using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace GreenThreads.Samples.Sha1;

/// <summary>What became of a file: its hash, or what is wrong with it.</summary>
internal readonly record struct HashResult(byte[] Hash, string? Error);

/// <summary>
/// The hash of one file. A green thread reads ahead while the piece before is hashed on <see cref="Compute"/>, so that the disk and a processor work at the same time; no
/// scheduler is held up by either.
/// </summary>
internal static class FileHash
{
    private const int PieceSize = 512 * 1024;

    /// <summary>Two pieces of each are in memory. Twice the processors: while one waits for its disk, another is hashed.</summary>
    internal static int FilesAtOnce { get; } = 2 * Environment.ProcessorCount;

    [SuppressMessage("Security", "CA5350", Justification = "SHA-1 is what the program is for.")]
    internal static HashResult Compute(string file)
    {
        try
        {
            using InputFile input = InputFile.Open(file);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
            byte[] piece = GC.AllocateUninitializedArray<byte>(PieceSize), next = GC.AllocateUninitializedArray<byte>(PieceSize);
            int length = input.Read(piece);
            while (length == PieceSize)
            {
                byte[] ahead = next;
                GreenThread<int> reading = GreenThread.Spawn(() => input.Read(ahead));
                Append(hash, piece, PieceSize);
                length = reading.Result;
                (piece, next) = (next, piece);
            }
            Append(hash, piece, length); // A short piece is the last.
            return new HashResult(hash.GetHashAndReset(), null);
        }
        catch (InputFileException exception)
        {
            return new HashResult([], exception.Message);
        }
    }

    private static void Append(IncrementalHash hash, byte[] piece, int length)
    {
        // To go to another thread and back costs as much as to hash some ten kilobytes.
        if (length < 32 * 1024)
            hash.AppendData(piece, 0, length);
        else
            GreenThreads.Compute.Run(() => hash.AppendData(piece, 0, length));
    }
}
