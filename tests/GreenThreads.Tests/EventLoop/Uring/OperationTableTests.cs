namespace GreenThreads.Tests;

public sealed class OperationTableTests
{
    [Fact]
    public void An_operation_is_found_by_its_key_until_it_is_removed_and_its_place_has_another_key_then()
    {
        var table = new OperationTable();
        Operation[] operations = [.. Enumerable.Range(0, 200).Select(_ => new Operation())];
        Array.ForEach(operations, table.Add);
        Assert.Equal(200, table.Count);
        Assert.All(operations, operation => Assert.Same(operation, table.Find(operation.Key)));
        ulong old = operations[7].Key;
        table.Remove(operations[7]);
        Assert.Null(table.Find(old));
        var next = new Operation();
        table.Add(next);
        Assert.Equal((uint)old, (uint)next.Key);
        Assert.Null(table.Find(old));
        Assert.Same(next, table.Find(next.Key));
        Assert.Null(table.Find(ulong.MaxValue));
        Assert.Null(table.Find(ulong.MaxValue - 1));
        Assert.Equal(200, table.All().Count());
    }

    private sealed class Operation : RingOperation
    {
        internal override void OnCompletion(int result, uint flags, List<WaitNode> ready)
        {
        }
    }
}
