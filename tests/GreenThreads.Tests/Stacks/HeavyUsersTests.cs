using System.Linq.Expressions;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace GreenThreads.Tests;

/// <summary>What uses much stack in the base library runs on a green stack of the default size.</summary>
public sealed class HeavyUsersTests
{
    [Fact]
    public void Json_is_written_and_read()
    {
        Node root = new("root", [.. Enumerable.Range(0, 30).Select(i => new Node($"child {i}", []))]);
        for (int depth = 0; depth < 25; depth++)
            root = new Node($"level {depth}", [root]);
        string text = GreenThread.Spawn(() =>
        {
            string json = JsonSerializer.Serialize(root);
            return JsonSerializer.Serialize(JsonSerializer.Deserialize<Node>(json));
        }).Result;
        Assert.Equal(JsonSerializer.Serialize(root), text);
    }

    [Fact]
    public void A_compiled_regular_expression_runs()
    {
        Assert.Equal("2026-11-21", GreenThread.Spawn(() =>
        {
            var date = new Regex(@"(?<y>\d{4})/(?<m>\d\d?)/(?<d>\d\d?)(?!\d)|(?<=x)(a|b)*?c+", RegexOptions.Compiled | RegexOptions.IgnoreCase);
            return date.Replace("2026/11/21", match => $"{match.Groups["y"]}-{match.Groups["m"]}-{match.Groups["d"]}");
        }).Result);
    }

    [Fact]
    public void A_regular_expression_that_backtracks_runs()
    {
        string text = new('a', 2000);
        Assert.True(GreenThread.Spawn(() => new Regex("^(a|aa|b)*$").IsMatch(text)).Result);
    }

    [Fact]
    public void An_expression_tree_is_compiled_and_runs()
    {
        Assert.Equal(500, GreenThread.Spawn(() =>
        {
            ParameterExpression start = Expression.Parameter(typeof(int));
            Expression body = start;
            for (int i = 0; i < 500; i++)
                body = Expression.Add(body, Expression.Constant(1));
            return Expression.Lambda<Func<int, int>>(body, start).Compile()(0);
        }).Result);
    }

    [Fact]
    public void Code_of_nested_generic_types_is_compiled()
    {
        Assert.Equal(12, GreenThread.Spawn(() => Depth<int>(12)).Result);
    }

    // Each level is a type and a method of its own for the compiler.
    private static int Depth<T>(int levels) => levels == 0 ? 0 : 1 + Depth<KeyValuePair<string, T>>(levels - 1);

    private sealed record Node(string Name, Node[] Children);
}
