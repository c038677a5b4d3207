using System.Security.Cryptography;
using System.Text;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenFile"/>, used by one kind of thread.</summary>
public abstract class GreenFileContract : ThreadContract
{
    [Fact]
    public void What_was_written_is_read() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        byte[] data = new byte[3 << 20];
        new Random(1).NextBytes(data);
        using (GreenFile file = GreenFile.Create(directory.PathOf("file")))
        {
            file.Write(data);
            Assert.Equal((data.Length, data.Length, true), ((int)file.Position, (int)file.Length, file.CanSeek));
            file.FlushToDisk();
            file.FlushToDisk(withTimes: true);
            file.Position = 0;
            byte[] back = new byte[data.Length];
            file.ReadExactly(back);
            Assert.True(data.AsSpan().SequenceEqual(back));
            Assert.Equal((0, -1), (file.Read(back), file.ReadByte()));
        }
        Assert.Equal(SHA1.HashData(data), HashOf(directory.PathOf("file")));
    });

    [Fact]
    public void Positions_are_where_they_are_put() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using GreenFile file = GreenFile.Create(directory.PathOf("file"));
        file.Write("0123456789"u8);
        Assert.Equal(4, file.Seek(4, SeekOrigin.Begin));
        Assert.Equal('4', file.ReadByte());
        Assert.Equal(6, file.Seek(1, SeekOrigin.Current));
        Assert.Equal(8, file.Seek(-2, SeekOrigin.End));
        Assert.Equal('8', file.ReadByte());
        Assert.Throws<IOException>(() => file.Seek(-20, SeekOrigin.Current));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Position = -1);
        Assert.Equal(9, file.Position);

        file.WriteAt("ab"u8, 0);
        byte[] two = new byte[2];
        Assert.Equal(2, file.ReadAt(two, 1));
        Assert.Equal("b2"u8, two);
        Assert.Equal(0, file.ReadAt(two, 100));
        Assert.Equal(9, file.Position);

        file.Position = 12;
        file.WriteByte((byte)'x');
        Assert.Equal("ab23456789\0\0x", ContentOf(file));
    });

    [Fact]
    public void A_length_that_is_set_cuts_or_fills_with_zeros() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using GreenFile file = GreenFile.Create(directory.PathOf("file"));
        file.Write("0123456789"u8);
        file.SetLength(3);
        Assert.Equal((3, 3), (file.Length, file.Position));
        file.SetLength(5);
        Assert.Equal("012\0\0", ContentOf(file));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.SetLength(-1));
    });

    [Fact]
    public void What_is_appended_goes_to_the_end_wherever_that_is() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.Write("file", "1");
        using GreenFile one = GreenFile.Open(path, FileMode.Append, FileAccess.Write);
        using GreenFile other = GreenFile.Open(path, FileMode.Append, FileAccess.Write);
        one.Write("2"u8);
        other.Write("34"u8);
        one.Write("5"u8);
        Assert.Equal((5, 4), (one.Position, other.Position));
        Assert.Equal("12345", File.ReadAllText(path));
        Assert.Throws<NotSupportedException>(() => one.Position = 0);
        Assert.Throws<NotSupportedException>(() => one.WriteAt("x"u8, 0));
        Assert.Throws<NotSupportedException>(() => one.ReadByte());
        Assert.Throws<ArgumentException>(() => GreenFile.Open(path, FileMode.Append));
    });

    [Fact]
    public void Modes_do_what_they_say() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("file");
        AssertErrno(Errno.ENOENT, "the path is " + path, () => GreenFile.OpenRead(path));
        AssertErrno(Errno.ENOENT, path, () => GreenFile.Open(path, FileMode.Truncate));
        using (GreenFile file = GreenFile.Open(path, FileMode.CreateNew, FileAccess.Write, UnixFileMode.UserRead | UnixFileMode.UserWrite))
            file.Write("abc"u8);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(path).UnixFileMode);
        AssertErrno(Errno.EEXIST, path, () => GreenFile.Open(path, FileMode.CreateNew));
        using (GreenFile file = GreenFile.Open(path, FileMode.OpenOrCreate))
            Assert.Equal((3, path), (file.Length, file.Name));
        using (GreenFile file = GreenFile.Open(path, FileMode.Truncate, FileAccess.Write))
            Assert.Equal((0, false, true), (file.Length, file.CanRead, file.CanWrite));
        using (GreenFile file = GreenFile.OpenRead(path))
            Assert.Throws<NotSupportedException>(() => file.WriteByte(1));
        Assert.Throws<ArgumentException>(() => GreenFile.Open(path, FileMode.Create, FileAccess.Read));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenFile.Open(path, (FileMode)100));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenFile.Open(path, FileMode.Open, (FileAccess)100));
    });

    [Fact]
    public void A_full_disk_is_a_clear_error() => Run(() =>
    {
        using GreenFile full = GreenFile.Open("/dev/full", FileMode.Open, FileAccess.Write);
        for (int i = 0; i < 3; i++)
            AssertErrno(Errno.ENOSPC, "the disk is full: there is no room left for /dev/full", () => full.WriteByte(1));
    });

    [Fact]
    public void A_directory_and_a_path_through_a_file_are_clear_errors() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using (GreenFile file = GreenFile.OpenRead(directory.FullName))
            AssertErrno(Errno.EISDIR, "is a directory", () => file.ReadByte());
        AssertErrno(Errno.EISDIR, "is a directory", () => GreenFile.Open(directory.FullName, FileMode.Open));
        AssertErrno(Errno.ENOTDIR, "the path is", () => GreenFile.OpenRead(directory.Write("file", "") + "/x"));
        using GreenFile endless = GreenFile.OpenRead("/dev/zero");
        Assert.Equal(0, endless.ReadByte());
    });

    [Fact]
    public void Readers_and_writers_of_text_work_on_it() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("text");
        using (var writer = new StreamWriter(GreenFile.Create(path)))
        {
            for (int i = 0; i < 10_000; i++)
                writer.WriteLine(i);
        }
        using var reader = new StreamReader(GreenFile.OpenRead(path));
        for (int i = 0; i < 10_000; i++)
            Assert.Equal($"{i}", reader.ReadLine());
        Assert.Null(reader.ReadLine());
    });

    [Fact]
    public void Many_write_their_parts_of_one_file_at_once() => Run(() =>
    {
        const int Writers = 8;
        const int Parts = 16;
        const int Size = 5000;
        using var directory = new TemporaryDirectory();
        using GreenFile file = GreenFile.Create(directory.PathOf("file"));
        Task[] writers = [.. Enumerable.Range(0, Writers).Select(writer => Start(() =>
        {
            byte[] part = new byte[Size];
            byte[] back = new byte[Size];
            for (int i = writer; i < Writers * Parts; i += Writers)
            {
                part.AsSpan().Fill((byte)i);
                file.WriteAt(part, (long)i * Size);
                Assert.Equal(Size, file.ReadAt(back, (long)i * Size));
                Assert.Equal(part, back);
            }
        }))];
        Join(writers);
        byte[] all = File.ReadAllBytes(file.Name);
        Assert.Equal(Writers * Parts * Size, all.Length);
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i] != (byte)(i / Size))
                Assert.Fail($"byte {i} is {all[i]}");
        }
    });

    [Fact]
    public void The_asynchronous_members_do_the_same() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        using GreenFile file = GreenFile.Create(directory.PathOf("file"));
        Join(WriteAndReadAsync(file));

        static async Task WriteAndReadAsync(GreenFile file)
        {
            await file.WriteAsync("0123"u8.ToArray());
            await file.WriteAsync("x456y"u8.ToArray(), 1, 3, CancellationToken.None);
            await file.FlushAsync();
            file.Position = 1;
            byte[] buffer = new byte[10];
            Assert.Equal(3, await file.ReadAsync(buffer.AsMemory(0, 3)));
            Assert.Equal(3, await file.ReadAsync(buffer, 3, 7, CancellationToken.None));
            Assert.Equal("123456"u8.ToArray(), buffer[..6]);
            Task<int> cancelled = file.ReadAsync(buffer, 0, 10, new CancellationToken(canceled: true));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
            Assert.Equal(0, await Task.Factory.FromAsync(file.BeginRead, file.EndRead, buffer, 0, 10, null));
            await Task.Factory.FromAsync(file.BeginWrite, file.EndWrite, buffer, 0, 6, null);
            Assert.Equal(13, file.Length);
        }
    });

    [Fact]
    public void A_file_that_was_disposed_of_says_so() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        GreenFile file = GreenFile.Create(directory.PathOf("file"));
        file.Dispose();
        file.Dispose();
        Assert.Equal((false, false, false), (file.CanRead, file.CanWrite, file.CanSeek));
        Assert.Throws<ObjectDisposedException>(() => file.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => file.WriteByte(1));
        Assert.Throws<ObjectDisposedException>(() => file.Length);
        Assert.Throws<ObjectDisposedException>(() => file.SetLength(1));
        Assert.Throws<ObjectDisposedException>(() => file.FlushToDisk());
    });

    private static void AssertErrno(int errno, string text, Action action)
    {
        SystemCallException exception = Assert.Throws<SystemCallException>(action);
        Assert.Equal(errno, exception.Errno);
        Assert.Contains(text, exception.Message, StringComparison.Ordinal);
    }

    private static byte[] HashOf(string path)
    {
        using GreenFile file = GreenFile.OpenRead(path);
        return SHA1.HashData(file);
    }

    private static string ContentOf(GreenFile file)
    {
        file.Position = 0;
        byte[] all = new byte[file.Length];
        file.ReadExactly(all);
        return Encoding.ASCII.GetString(all);
    }
}

public sealed class GreenThreadFileTests : GreenFileContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_green_thread_that_is_cancelled_closes_its_file()
    {
        using var directory = new TemporaryDirectory();
        GreenFile? file = null;
        GreenThread thread = GreenThread.Spawn(() =>
        {
            using (file = GreenFile.Create(directory.PathOf("file")))
                GreenThread.Sleep(Timeout.InfiniteTimeSpan);
        });
        Run(() => WaitUntil(() => thread.State == GreenThreadState.Parked && file is not null));
        thread.Cancel();
        Assert.ThrowsAny<Exception>(thread.Join);
        Assert.True(file!.Handle.IsClosed);
    }
}

public sealed class OsThreadFileTests : GreenFileContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
