using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace MptTools.Engine.Tests;

/// <summary>Properties are checked with the same inputs in every run; a failure names its smallest counterexample.</summary>
public static class PropertyCheck
{
    private const ulong Seed = 0x4D70_7454;
    private const int Tests = 1000;

    private static readonly FSharpOption<Replay> FixedSeed = FSharpOption<Replay>.Some(
        new Replay(new Rnd(Seed, 0x9E37_79B9_7F4A_7C15), FSharpOption<int>.None));

    /// <summary>Checks that a property holds for a thousand inputs.</summary>
    public static void Holds<T>(Gen<T> inputs, Func<T, bool> property) =>
        Check.One(
            FsCheck.Config.QuickThrowOnFailure.WithReplay(FixedSeed).WithMaxTest(Tests),
            Prop.ForAll(inputs.ToArbitrary(), property));

    /// <summary>All 2^32 values alike; the generator of FsCheck prefers small ones.</summary>
    public static Gen<uint> AnyUInt32 => ArbMap.Default.GeneratorFor<DoNotSize<uint>>().Select(number => number.Item);

    /// <summary>All 2^64 values alike.</summary>
    public static Gen<ulong> AnyUInt64 => ArbMap.Default.GeneratorFor<DoNotSize<ulong>>().Select(number => number.Item);

    /// <summary>Null in one case of four.</summary>
    public static Gen<T?> OrNull<T>(Gen<T> values) where T : struct =>
        from isNull in Gen.Choose(0, 3)
        from value in values
        select isNull == 0 ? (T?)null : value;
}
