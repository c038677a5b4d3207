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

    [SwitchedFact]
    public void The_running_runtime_has_a_descriptor()
    {
        ContractDescriptor descriptor = ContractDescriptor.Read(ClrRuntime.Module.Handle);
        Assert.Equal(ClrRuntime.Layout.OSId, descriptor.OffsetOf("Thread", "OSId"));
        Assert.Contains(ClrRuntime.Module.WritableSegments, segment => descriptor.AddressOf("ThreadStore") >= segment.Start
            && descriptor.AddressOf("ThreadStore") < segment.End);
    }

    [Fact]
    public void A_global_is_an_index_into_the_addresses_beside_the_text()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"types":{},"globals":{"ThreadStore":[[1],"pointer"]}}""");
        Assert.Equal(20, ContractDescriptor.Parse(json, [10, 20]).AddressOf("ThreadStore"));
        Assert.Throws<RuntimeUnsupportedException>(() => ContractDescriptor.Parse(json, [10]).AddressOf("ThreadStore"));
    }

    [Theory]
    [InlineData("""{"types":{}}""")]
    [InlineData("""{"types":{},"globals":[]}""")]
    [InlineData("""{"types":{},"globals":{"ThreadStore":["0x4","uint32"]}}""")]
    [InlineData("""{"types":{},"globals":{"ThreadStore":[["1"],"pointer"]}}""")]
    [InlineData("""{"types":{},"globals":{"ThreadStore":[[-1],"pointer"]}}""")]
    public void A_global_that_is_missing_or_unreadable_makes_the_runtime_unsupported(string json) =>
        Assert.Throws<RuntimeUnsupportedException>(() => Parse(json).AddressOf("ThreadStore"));

    [Fact]
    public void A_library_without_the_symbol_makes_the_runtime_unsupported()
    {
        nint libc = System.Runtime.InteropServices.NativeLibrary.Load("libc.so.6");
        Assert.Throws<RuntimeUnsupportedException>(() => ContractDescriptor.Read(libc));
    }

    private static ContractDescriptor Parse(string json) => ContractDescriptor.Parse(Encoding.UTF8.GetBytes(json));
}
