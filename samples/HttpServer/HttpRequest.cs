namespace GreenThreads.Samples.Http;

/// <summary>The request that is being answered. The spans are valid until the handler returns, and until the next read of the body.</summary>
internal sealed class HttpRequest(InputBuffer input, RequestParser head, RequestBody body)
{
    internal ReadOnlySpan<byte> Method => head.Method.In(input.Request);

    /// <summary>As it came, percent-encoding included.</summary>
    internal ReadOnlySpan<byte> Path => head.Path.In(input.Request);

    internal ReadOnlySpan<byte> Query => head.Query.In(input.Request);

    internal bool IsHead => Method.SequenceEqual("HEAD"u8);

    internal bool IsGetOrHead => Method.SequenceEqual("GET"u8) || IsHead;

    internal bool IsVersion10 => head.IsVersion10;

    internal bool KeepsAlive => head.KeepsAlive;

    /// <summary>Of the body; null if it is chunked.</summary>
    internal long? ContentLength => head.IsChunked ? null : head.ContentLength ?? 0;

    internal RequestBody Body => body;

    /// <summary>The first header of that name; empty if there is none.</summary>
    internal ReadOnlySpan<byte> Header(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < head.HeaderCount; i++)
        {
            if (HttpSyntax.EqualsIgnoreCase(head.Header(i).Name.In(input.Request), name))
                return head.Header(i).Value.In(input.Request);
        }
        return default;
    }

    /// <summary>A number in the query, such as "ms=100"; null if there is no such number.</summary>
    internal long? QueryNumber(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> query = Query;
        foreach (Range range in query.Split((byte)'&'))
        {
            ReadOnlySpan<byte> pair = query[range];
            if (pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name) && HttpSyntax.TryParseNumber(pair[(name.Length + 1)..], out long number))
                return number;
        }
        return null;
    }
}
