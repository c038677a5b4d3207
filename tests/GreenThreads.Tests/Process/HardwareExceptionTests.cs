namespace GreenThreads.Tests;

public sealed class HardwareExceptionTests
{
    [Fact]
    public void A_null_reference_is_an_exception_on_a_green_thread()
    {
        Assert.True(GreenThread.Spawn(() =>
        {
            string? nothing = Nothing<string>();
            try
            {
                return nothing!.Length == 0;
            }
            catch (NullReferenceException)
            {
                GreenThread.Yield();
                return true;
            }
        }).Result);
    }

    [Fact]
    public void A_division_by_zero_is_an_exception_on_a_green_thread()
    {
        Assert.True(GreenThread.Spawn(() =>
        {
            int zero = Nothing<string>()?.Length ?? 0;
            try
            {
                return 1 / zero == 0;
            }
            catch (DivideByZeroException)
            {
                GreenThread.Yield();
                return true;
            }
        }).Result);
    }

    [Fact]
    public void A_null_reference_that_nobody_catches_is_thrown_by_Join_with_its_frames()
    {
        GreenThread thread = GreenThread.Spawn(DereferenceNothing);
        Assert.Contains(nameof(DereferenceNothing), Assert.Throws<NullReferenceException>(thread.Join).StackTrace, StringComparison.Ordinal);
    }

    private static void DereferenceNothing() => _ = Nothing<string>()!.Length;

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static T? Nothing<T>() where T : class => null;
}
