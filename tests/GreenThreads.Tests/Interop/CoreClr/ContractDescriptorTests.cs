using System.Text;

namespace GreenThreads.Tests;

public sealed class ContractDescriptorTests
{
    [Fact]
    public void A_field_is_a_number_or_an_array_that_starts_with_one()
    {
        ContractDescriptor descriptor = Parse("""{"types":{"Thread":{"Id":16,"OSId":[296,"nuint"]}}}""");
        Assert.Equal(16, descriptor.OffsetOf("Thread", "Id"));
        Assert.Equal(296, descriptor.OffsetOf("Thread", "OSId"));
    }

    [Theory]
    [InlineData("""{"types":{"Thread":{"Id":16}}}""", "no Thread.OSId")]
    [InlineData("""{"types":{}}""", "no Thread.OSId")]
    [InlineData("""{"types":{"Thread":{"OSId":"296"}}}""", "no readable offset for Thread.OSId")]
    [InlineData("""{"types":{"Thread":{"OSId":[]}}}""", "no readable offset for Thread.OSId")]
    [InlineData("""{"types":{"Thread":{"OSId":-8}}}""", "no readable offset for Thread.OSId")]
    [InlineData("""{"types":{"Thread":{"OSId":1.5}}}""", "no readable offset for Thread.OSId")]
    [InlineData("""{"types":{"Thread":{"OSId":99999999999}}}""", "no readable offset for Thread.OSId")]
    public void A_field_that_is_missing_or_unreadable_makes_the_runtime_unsupported(string json, string reason)
    {
        ContractDescriptor descriptor = Parse(json);
        var exception = Assert.Throws<RuntimeUnsupportedException>(() => descriptor.OffsetOf("Thread", "OSId"));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("\0\0\0")]
    public void Text_that_is_no_descriptor_makes_the_runtime_unsupported(string json) =>
        Assert.Throws<RuntimeUnsupportedException>(() => Parse(json));

    [Theory]
    [InlineData("""{"types":[]}""")]
    [InlineData("""{"types":{"Thread":7}}""")]
    [InlineData("""{"types":null}""")]
    public void Types_of_another_shape_make_the_runtime_unsupported(string json) =>
        Assert.Throws<RuntimeUnsupportedException>(() => Parse(json).OffsetOf("Thread", "OSId"));

    [Fact]
    public void A_pointer_is_an_index_into_the_table_beside_the_text()
    {
        ContractDescriptor descriptor = ContractDescriptor.Parse("""{"types":{},"globals":{"A":[[1],"pointer"],"B":[1],"C":[[2],"pointer"],"D":"1"}}"""u8, 0, 0x1000);
        Assert.Equal(0x1000, descriptor.PointerOf("A"));
        Assert.Equal(0x1000, descriptor.PointerOf("B"));
        Assert.All<string>(["C", "D", "E"], name => Assert.Throws<RuntimeUnsupportedException>(() => descriptor.PointerOf(name)));
    }

    [Fact]
    public void A_constant_is_a_number_or_text_with_or_without_its_type()
    {
        ContractDescriptor descriptor = Parse("""{"types":{},"globals":{"A":["0xf","uint8"],"B":"12","C":7,"D":["x"],"E":[[1],"pointer"]}}""");
        Assert.Equal([15, 12, 7], ((string[])["A", "B", "C"]).Select(name => (int)descriptor.ConstantOf(name)));
        Assert.All<string>(["D", "E", "F"], name => Assert.Throws<RuntimeUnsupportedException>(() => descriptor.ConstantOf(name)));
        Assert.True(descriptor.HasGlobal("D"));
        Assert.False(descriptor.HasGlobal("F"));
    }

    [Fact]
    public void Sizes_and_versions_are_read_or_refused()
    {
        ContractDescriptor descriptor = Parse("""{"types":{"Frame":{"!":56},"Bare":{}},"contracts":{"StackWalk":2,"Loader":"c1"}}""");
        Assert.Equal(56, descriptor.SizeOf("Frame"));
        Assert.Equal(2, descriptor.VersionOf("StackWalk"));
        Assert.Throws<RuntimeUnsupportedException>(() => descriptor.SizeOf("Bare"));
        Assert.Throws<RuntimeUnsupportedException>(() => descriptor.VersionOf("Loader"));
        Assert.Throws<RuntimeUnsupportedException>(() => Parse("""{"types":{}}""").VersionOf("StackWalk"));
    }

    [SwitchedFact]
    public void The_running_runtime_has_a_descriptor()
    {
        ContractDescriptor descriptor = ContractDescriptor.Read(ClrRuntime.Module.Handle);
        Assert.Equal(ClrRuntime.Layout.OSId, descriptor.OffsetOf("Thread", "OSId"));
        Assert.Contains(ClrRuntime.Module.WritableSegments, segment => descriptor.PointerOf("ThreadStore") >= segment.Start
            && descriptor.PointerOf("ThreadStore") < segment.End);
    }

    [Fact]
    public void A_library_without_the_symbol_makes_the_runtime_unsupported()
    {
        nint libc = System.Runtime.InteropServices.NativeLibrary.Load("libc.so.6");
        Assert.Throws<RuntimeUnsupportedException>(() => ContractDescriptor.Read(libc));
    }

    private static ContractDescriptor Parse(string json) => ContractDescriptor.Parse(Encoding.UTF8.GetBytes(json));
}
