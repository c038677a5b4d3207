using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>What is wrong with a seam, for tests that the model finds faults. Everything is right unless overridden.</summary>
internal interface IModelFaults
{
    static virtual bool FenceIsNothing => false;

    static virtual bool ExchangeIsReadAndStore => false;

    static virtual bool CompareExchangeIsTwoSteps => false;

    static virtual bool CompareExchangeThatChangesNothingIsRead => false;

    static virtual bool AddIsTwoSteps => false;

    /// <summary>Locked operations are atomic, but leave the store buffer as it is.</summary>
    static virtual bool LockedOperationsAreNoFences => false;
}

internal readonly struct NoFaults : IModelFaults;

// The seam on the model machine: every call is one step of the model thread that makes it, and other threads may step in before it. See
// ModelMachine for what a step does, and ModelMemory for where the values are.
//
// The variable itself always holds what was written last, whether the others can see it or not. So a plain read in the product sees its own
// thread's store buffer, as it must, if no other thread writes the variable (RunQueue reads its own tail so). A plain read of a variable with
// several writers would see too much here, and be a fault in the product anyway.
internal readonly struct ModelAtomics<TFaults> : IAtomics
    where TFaults : struct, IModelFaults
{
    private static ModelMachine Machine => ModelMachine.Current!;

    public static int Read(ref int location) => Machine.Read(ref AsByte(ref location), new(location)).Number;

    public static void Write(ref int location, int value)
    {
        Machine.Write(ref AsByte(ref location), new(location), new(value));
        location = value;
    }

    public static int CompareExchange(ref int location, int value, int comparand)
    {
        if (TFaults.CompareExchangeIsTwoSteps || (TFaults.CompareExchangeThatChangesNothingIsRead && value == comparand))
        {
            int seen = Read(ref location);
            return seen == comparand && value != comparand ? Exchange(ref location, value) : seen;
        }
        int cell = BeginLocked(ref AsByte(ref location), new(location), "compare-exchange");
        int old = Machine.ReadLocked(cell).Number;
        if (old == comparand)
        {
            Machine.WriteLocked(cell, new(value));
            location = value;
        }
        return old;
    }

    public static int Exchange(ref int location, int value)
    {
        if (TFaults.ExchangeIsReadAndStore)
        {
            int seen = Read(ref location);
            Write(ref location, value);
            return seen;
        }
        int cell = BeginLocked(ref AsByte(ref location), new(location), "exchange");
        int old = Machine.ReadLocked(cell).Number;
        Machine.WriteLocked(cell, new(value));
        location = value;
        return old;
    }

    public static int Add(ref int location, int value)
    {
        if (TFaults.AddIsTwoSteps)
        {
            int sum = Read(ref location) + value;
            Exchange(ref location, sum);
            return sum;
        }
        int cell = BeginLocked(ref AsByte(ref location), new(location), "add");
        int result = unchecked(Machine.ReadLocked(cell).Number + value);
        Machine.WriteLocked(cell, new(result));
        location = result;
        return result;
    }

    public static GreenThread? Read(ref GreenThread? location) => Machine.Read(ref AsByte(ref location), new(location)).Reference;

    public static void Write(ref GreenThread? location, GreenThread? value)
    {
        Machine.Write(ref AsByte(ref location), new(location), new(value));
        location = value;
    }

    public static GreenThread? Exchange(ref GreenThread? location, GreenThread? value)
    {
        if (TFaults.ExchangeIsReadAndStore)
        {
            GreenThread? seen = Read(ref location);
            Write(ref location, value);
            return seen;
        }
        int cell = BeginLocked(ref AsByte(ref location), new(location), "exchange");
        GreenThread? old = Machine.ReadLocked(cell).Reference;
        Machine.WriteLocked(cell, new(value));
        location = value;
        return old;
    }

    public static void Fence()
    {
        if (!TFaults.FenceIsNothing)
            Machine.Fence();
    }

    private static int BeginLocked(ref byte location, ModelValue current, string operation) =>
        Machine.BeginLocked(ref location, current, operation, drain: !TFaults.LockedOperationsAreNoFences);

    private static ref byte AsByte<T>(ref T location) => ref Unsafe.As<T, byte>(ref location);
}
