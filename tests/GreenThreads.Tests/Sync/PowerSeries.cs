using System.Numerics;

namespace GreenThreads.Tests;

/// <summary>A fraction in lowest terms.</summary>
internal readonly record struct Fraction
{
    internal Fraction(BigInteger numerator, BigInteger denominator)
    {
        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        Numerator = numerator / divisor;
        Denominator = denominator / divisor;
    }

    internal BigInteger Numerator { get; }

    internal BigInteger Denominator { get; }

    public static implicit operator Fraction(int number) => new(number, 1);

    public static Fraction operator +(Fraction a, Fraction b) => new(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static Fraction operator -(Fraction a) => new(-a.Numerator, a.Denominator);

    public static Fraction operator *(Fraction a, Fraction b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Fraction operator /(Fraction a, Fraction b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    public override string ToString() => Denominator.IsOne ? $"{Numerator}" : $"{Numerator}/{Denominator}";
}

/// <summary>
/// A power series as a green thread that computes the next coefficient when it is asked for one, after test/chan/powser1.go (M. D. McIlroy, "Squinting at Power
/// Series"): written afresh. Operations are green threads that ask others.
/// </summary>
internal sealed class PowerSeries
{
    private readonly GreenChannel<bool> _demand = GreenChannel.Rendezvous<bool>();
    private readonly GreenChannel<Fraction> _supply = GreenChannel.Rendezvous<Fraction>();

    private PowerSeries()
    {
    }

    /// <summary>1 + x + x^2 + ...</summary>
    internal static PowerSeries Ones => Make(series =>
    {
        while (true)
            series.Put(1);
    });

    /// <summary>The coefficients, and zeros from then on.</summary>
    internal static PowerSeries Of(params Fraction[] coefficients) => Make(series =>
    {
        foreach (Fraction coefficient in coefficients)
            series.Put(coefficient);
        while (true)
            series.Put(0);
    });

    /// <summary>(1 + x)^c</summary>
    internal static PowerSeries Binomial(Fraction c) => Make(series =>
    {
        Fraction term = 1;
        for (int n = 1; ; n++)
        {
            series.Put(term);
            term = term * c / n;
            c += -1;
        }
    });

    public static PowerSeries operator +(PowerSeries u, PowerSeries v) => Make(series =>
    {
        while (true)
            series.Put(u.Next() + v.Next());
    });

    public static PowerSeries operator *(Fraction c, PowerSeries u) => Make(series =>
    {
        while (true)
            series.Put(c * u.Next());
    });

    // (f + x U)(g + x V) = f g + x (f V + g U + x U V)
    public static PowerSeries operator *(PowerSeries u, PowerSeries v) => Make(series =>
    {
        Fraction f = u.Next(), g = v.Next();
        series.Put(f * g);
        PowerSeries[] us = u.Split(), vs = v.Split();
        PowerSeries linear = f * vs[0] + g * us[0];
        series.Put(linear.Next());
        series.Copy(linear + us[1] * vs[1]);
    });

    /// <summary>c + x U</summary>
    internal PowerSeries Shift(Fraction c) => Make(series =>
    {
        series.Put(c);
        series.Copy(this);
    });

    internal PowerSeries Derivative() => Make(series =>
    {
        Next();
        for (int n = 1; ; n++)
            series.Put(n * Next());
    });

    internal PowerSeries Integral(Fraction c) => Make(series =>
    {
        series.Put(c);
        for (int n = 1; ; n++)
            series.Put(Next() / n);
    });

    /// <summary>U(c x^n)</summary>
    internal PowerSeries OfMonomial(Fraction c, int n) => Make(series =>
    {
        Fraction power = 1;
        while (true)
        {
            series.Put(power * Next());
            power *= c;
            for (int i = 1; i < n; i++)
                series.Put(0);
        }
    });

    /// <summary>1 / U: Z = 1/u0 - x/u0 U' Z.</summary>
    internal PowerSeries Reciprocal() => Recursive(z =>
    {
        Fraction first = 1 / Next();
        return (-first * (this * z)).Shift(first);
    });

    /// <summary>e^U, where u0 = 0: Z' = Z U'.</summary>
    internal PowerSeries Exponential() => Recursive(z => (z * Derivative()).Integral(1));

    /// <summary>U(V), where v0 = 0: u0 + V U'(V), and V is x V'.</summary>
    internal PowerSeries OfSeries(PowerSeries v) => Make(series =>
    {
        PowerSeries[] vs = v.Split();
        series.Put(Next());
        Assert.Equal(0, vs[0].Next());
        series.Copy(vs[0] * OfSeries(vs[1]));
    });

    /// <summary>The R with U(R) = x, where u0 = 0: R = x / U'(R).</summary>
    internal PowerSeries Reversion() => Recursive(r =>
    {
        Assert.Equal(0, Next());
        return OfSeries(r).Reciprocal().Shift(0);
    });

    /// <summary>The next coefficient.</summary>
    internal Fraction Next()
    {
        _demand.Send(true);
        return _supply.Receive();
    }

    internal string[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Next().ToString())];

    /// <summary>Several that each give all of this one's coefficients.</summary>
    internal PowerSeries[] Split(int count = 2) => Share(() => this, count);

    // A series that is made from itself: the equation may ask for what has been computed already.
    private static PowerSeries Recursive(Func<PowerSeries, PowerSeries> equation)
    {
        PowerSeries[] shares = null!;
        PowerSeries? whole = null;
        shares = Share(() => whole ??= equation(shares[1]), 2);
        return shares[0];
    }

    private static PowerSeries[] Share(Func<PowerSeries> source, int count)
    {
        // Who finds something missing takes the turn to compute it: an item in a channel for one, so that it is a lock that is held over waits. The others can
        // meanwhile read what is there, which what computes the next one may need.
        var known = new List<Fraction>();
        GreenChannel<List<Fraction>> turn = GreenChannel.Bounded<List<Fraction>>(1);
        turn.Send(known);
        return [.. Enumerable.Range(0, count).Select(_ => Make(series =>
        {
            for (int i = 0; ; i++)
                series.Put(At(i));
        }))];

        Fraction At(int index)
        {
            if (IsKnown(index))
                return known[index];
            List<Fraction> mine = turn.Receive();
            if (!IsKnown(index))
            {
                Fraction next = source().Next();
                lock (mine)
                    mine.Add(next);
            }
            turn.Send(mine);
            return At(index);
        }

        bool IsKnown(int index)
        {
            lock (known)
                return index < known.Count;
        }
    }

    private static PowerSeries Make(Action<PowerSeries> body)
    {
        var series = new PowerSeries();
        GreenThread.Spawn(() =>
        {
            // Nothing happens before the first demand: the equation of a recursive series is not complete.
            series._demand.Receive();
            body(series);
        });
        return series;
    }

    // Answers the demand that came, and returns with the next one.
    private void Put(Fraction coefficient)
    {
        _supply.Send(coefficient);
        _demand.Receive();
    }

    private void Copy(PowerSeries source)
    {
        while (true)
            Put(source.Next());
    }
}
