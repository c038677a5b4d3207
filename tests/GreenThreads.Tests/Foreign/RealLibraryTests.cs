using System.Runtime.InteropServices;
using System.Text;

namespace GreenThreads.Tests;

/// <summary>Libraries as they are, called from green threads; in bound mode from OS threads.</summary>
public sealed unsafe class RealLibraryTests
{
    private const string Sqlite = "libsqlite3.so.0";
    private const string Zlib = "libz.so.1";

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int RowCallback(nint context, int columns, byte** values, byte** names);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate nint Callback(nint argument);

    [LibraryFact(Sqlite, "libsqlite3-0")]
    public void Sqlite_calls_back_for_each_row_and_the_callback_parks() => Green.RunAlone(() =>
    {
        nint library = NativeLibrary.Load(Sqlite);
        nint open = NativeLibrary.GetExport(library, "sqlite3_open"), execute = NativeLibrary.GetExport(library, "sqlite3_exec");
        nint close = NativeLibrary.GetExport(library, "sqlite3_close");
        GreenThread[] threads = [.. Enumerable.Range(1, 5).Select(number => GreenThread.Spawn(() =>
        {
            nint database = Open(open);
            Execute("CREATE TABLE t(a INTEGER, b TEXT)", null);
            Execute($"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200) INSERT INTO t SELECT x * {number}, 'row ' || x FROM n", null);
            int rows = 0;
            long sum = 0;
            Execute("SELECT a, b FROM t ORDER BY b DESC", (_, columns, values, _) =>
            {
                sum += columns != 2 ? 0 : long.Parse(Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(values[0])), System.Globalization.CultureInfo.InvariantCulture);
                if (++rows % 7 == 0)
                    GreenThread.Yield();
                if (rows % 50 == 0)
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
                return 0;
            });
            Assert.Equal(200, rows);
            Assert.Equal(200 * 201 / 2 * number, sum);
            Assert.Equal(0, (int)Foreign.Call(close, database));

            void Execute(string statement, RowCallback? callback)
            {
                nint function = callback is null ? 0 : Marshal.GetFunctionPointerForDelegate(callback);
                fixed (byte* text = Encoding.UTF8.GetBytes(statement + '\0'))
                    Assert.Equal(0, (int)Foreign.Call(execute, database, (nint)text, function, 0, 0));
                GC.KeepAlive(callback);
            }
        }))];
        foreach (GreenThread thread in threads)
            thread.Join();
    });

    private static nint Open(nint open)
    {
        nint database = 0;
        fixed (byte* name = ":memory:\0"u8)
            Assert.Equal(0, (int)Foreign.Call(open, (nint)name, (nint)(&database)));
        return database;
    }

    [LibraryFact(Zlib, "zlib1g")]
    public void Zlib_gives_back_what_it_compressed() => Green.Run(() =>
    {
        nint library = NativeLibrary.Load(Zlib);
        nint compress = NativeLibrary.GetExport(library, "compress2"), uncompress = NativeLibrary.GetExport(library, "uncompress");
        byte[] text = new byte[1_000_000];
        new Random(8).NextBytes(text.AsSpan(0, 1000));
        for (int i = 1000; i < text.Length; i++)
            text[i] = text[i - 1000];
        byte[] packed = new byte[text.Length * 2], unpacked = new byte[text.Length];
        nint packedLength = packed.Length, unpackedLength = unpacked.Length;
        fixed (byte* from = text, middle = packed, to = unpacked)
        {
            Assert.Equal(0, (int)Foreign.Call(compress, (nint)middle, (nint)(&packedLength), (nint)from, text.Length, 9));
            Assert.InRange(packedLength, 1000, text.Length / 10);
            Assert.Equal(0, (int)Foreign.Call(uncompress, (nint)to, (nint)(&unpackedLength), (nint)middle, packedLength));
        }
        Assert.Equal(text.Length, unpackedLength);
        Assert.True(text.AsSpan().SequenceEqual(unpacked));
    });

    [CompilerFact]
    public void C_code_can_recurse_for_four_megabytes_and_call_back_from_there() => Green.Run(() =>
    {
        nint library = CCompiler.Load("""
            #include <stddef.h>
            typedef ptrdiff_t (*callback)(ptrdiff_t);
            static ptrdiff_t descend(char* top, ptrdiff_t bytes, callback f) {
                volatile char room[1000];
                room[0] = (char)bytes;
                room[999] = 1;
                ptrdiff_t used = top - (char*)room;
                ptrdiff_t result = used >= bytes ? f(used) : descend(top, bytes, f);
                return result + room[999] - 1 + (room[0] - (char)bytes);
            }
            ptrdiff_t recurse(ptrdiff_t bytes, callback f) {
                char top;
                return descend(&top, bytes, f);
            }
            """);
        nint recurse = NativeLibrary.GetExport(library, "recurse");
        string outer = new('o', 3);
        Callback callback = used =>
        {
            string inner = new('i', 3);
            GreenThread.Yield();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            return used + (outer + inner).Length;
        };
        for (int i = 0; i < 3; i++)
        {
            nint used = Foreign.Call(recurse, 4 * 1024 * 1024, Marshal.GetFunctionPointerForDelegate(callback));
            Assert.InRange(used, 4 * 1024 * 1024, 5 * 1024 * 1024);
        }
        GC.KeepAlive(callback);
    });
}
