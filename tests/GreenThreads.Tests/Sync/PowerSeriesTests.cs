namespace GreenThreads.Tests;

/// <summary>Known power series, computed by crowds of green threads that ask each other for the next coefficient over channels.</summary>
public sealed class PowerSeriesTests
{
    [Fact]
    public void Sums_and_products() => InGroup(() =>
    {
        Assert.Equal(["3", "3", "3", "3"], (PowerSeries.Ones + 2 * PowerSeries.Ones).Take(4));
        Assert.Equal(["1", "2", "3", "4", "5", "6", "7"], (PowerSeries.Ones * PowerSeries.Ones).Take(7));
        Assert.Equal(["1", "0", "-1", "0"], (PowerSeries.Of(1, 1) * PowerSeries.Of(1, -1)).Take(4));
        Assert.Equal(["7", "1", "1"], PowerSeries.Ones.Shift(7).Take(3));
    });

    [Fact]
    public void Derivatives_and_integrals() => InGroup(() =>
    {
        Assert.Equal(["1", "2", "3", "4"], PowerSeries.Ones.Derivative().Take(4));
        Assert.Equal(["0", "1", "1/2", "1/3", "1/4"], PowerSeries.Ones.Integral(0).Take(5));
        Assert.Equal(["1", "1", "1", "1"], PowerSeries.Ones.Derivative().Integral(1).Take(4));
    });

    [Fact]
    public void Binomials() => InGroup(() =>
    {
        Assert.Equal(["1", "3", "3", "1", "0", "0"], PowerSeries.Binomial(3).Take(6));
        Assert.Equal(["1", "1/2", "-1/8", "1/16", "-5/128"], PowerSeries.Binomial(new Fraction(1, 2)).Take(5));
    });

    [Fact]
    public void Reciprocals() => InGroup(() =>
    {
        Assert.Equal(["1", "-1", "0", "0", "0", "0"], PowerSeries.Ones.Reciprocal().Take(6));
        Assert.Equal(["1", "-1", "1", "-1", "1", "-1"], PowerSeries.Of(1, 1).Reciprocal().Take(6));
    });

    [Fact]
    public void Exponentials() => InGroup(() =>
        Assert.Equal(["1", "1", "1/2", "1/6", "1/24", "1/120", "1/720"], PowerSeries.Of(0, 1).Exponential().Take(7)));

    [Fact]
    public void Substitutions() => InGroup(() =>
    {
        Assert.Equal(["1", "0", "-1", "0", "1", "0", "-1"], PowerSeries.Ones.OfMonomial(-1, 2).Take(7));
        // 1 / (1 - x - x^2): the numbers of Fibonacci.
        Assert.Equal(["1", "1", "2", "3", "5", "8", "13"], PowerSeries.Ones.OfSeries(PowerSeries.Of(0, 1, 1)).Take(7));
    });

    [Fact]
    public void The_reversion_of_the_arc_tangent_is_the_tangent() => InGroup(() =>
    {
        PowerSeries arcTangent = PowerSeries.Ones.OfMonomial(-1, 2).Integral(0);
        Assert.Equal(["0", "1", "0", "1/3", "0", "2/15", "0"], arcTangent.Reversion().Take(7));
    });

    // The green threads of a series wait for the next demand for ever: the end of the group cancels them.
    private static void InGroup(Action body)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "series" });
        if (!group.Spawn(body).Join(TimeLimit.Generous))
            throw new TimeoutException("the program did not end");
    }
}
