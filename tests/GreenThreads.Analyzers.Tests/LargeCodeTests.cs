using System.Text;

namespace GreenThreads.Analyzers.Tests;

// Shapes that a walk by recursion, or one that grows faster than the code, does not survive.
public class LargeCodeTests
{
    private const int Count = 1_000;

    [Fact]
    public void A_long_chain_of_calls_is_followed_to_its_end() =>
        Assert.Equal(["GT0001 Thread.Sleep(1)"], Report(i => $"static void M{i}() => M{i + 1}();", $"static void M{Count}() {{ Thread.Sleep(1); M0(); }} static void Go() => GreenThread.Spawn(M0);"));

    [Fact]
    public void A_chain_of_lambdas_passed_on_is_followed_to_its_beginning() =>
        Assert.Equal(["GT0001 Thread.Sleep(1)"], Report(i => $"static void M{i}(Action a) => M{i + 1}(a);", $"static void M{Count}(Action a) => GreenThread.Spawn(a); static void Go() => M0(() => Thread.Sleep(1));"));

    [Fact]
    public void A_wide_hierarchy_called_from_everywhere_is_followed() => Assert.Equal(
        Count, Report(i => $"class C{i} : A {{ public override void Do(A a) {{ Thread.Sleep({i}); a.Do(this); }} }}",
            "abstract class A { public abstract void Do(A a); } static void Go(A a) => GreenThread.Spawn(() => a.Do(a));").Length);

    [Fact]
    public void Many_fields_of_one_name_are_told_apart() => Assert.Equal(
        ["GT0001 Thread.Sleep(0)"],
        Report(i => $"class C{i} {{ public Action Work = () => Thread.Sleep({i}); public void Go() => {(i == 0 ? "GreenThread.Spawn(Work)" : "Work = () => { }")}; }}", ""));

    [Fact]
    public void A_deep_expression_is_walked() =>
        Assert.Equal(["GT0001 Thread.Sleep(1)"], Snippet.Report(
            $"static int Go(int i) {{ GreenThread.Spawn(() => Nap() {string.Concat(Enumerable.Repeat("+ i ", Count / 2))}); return 1; }} static int Nap() {{ Thread.Sleep(1); return 1; }}"));

    private static string[] Report(Func<int, string> member, string end)
    {
        StringBuilder members = new();
        for (int i = 0; i < Count; i++)
            members.AppendLine(member(i));
        return Snippet.Report(members.Append(end).ToString());
    }
}
