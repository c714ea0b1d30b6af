using System.Buffers.Binary;
using System.Net;
using System.Numerics;
using System.Runtime.CompilerServices;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Chooses one path for all packets of a flow: weighted rendezvous hashing. Each path draws a number for the flow, out of
/// the flow's hash and its own identity; the best draw wins. As no draw depends on the other paths, only the flows of a path
/// that goes away move, and a path that comes takes flows from the others but moves none between them. Nothing is kept
/// for a flow. Immutable.
/// </summary>
internal sealed class FlowSelector
{
    private readonly double[] inverseWeights;
    private readonly ulong[] identities;
    private readonly uint allPaths;

    /// <param name="weights">1 to 20 weights of 1 to 10000.</param>
    /// <param name="identities">As many from <see cref="IdentityOf"/>.</param>
    internal FlowSelector(ReadOnlySpan<int> weights, ReadOnlySpan<ulong> identities)
    {
        inverseWeights = Array.ConvertAll(weights.ToArray(), weight => 1.0 / weight);
        this.identities = identities[..weights.Length].ToArray();
        allPaths = (1u << weights.Length) - 1;
        for (int i = 1; i < weights.Length; i++)
        {
            // Paths of the same identity would draw the same number for each flow, and the heaviest would always win.
            while (this.identities.AsSpan(0, i).Contains(this.identities[i]))
            {
                this.identities[i] = Mix(this.identities[i] + 1);
            }
        }
    }

    /// <summary>The index of the flow's path; -1 when there is none.</summary>
    /// <param name="flow">From <see cref="HashOf"/>.</param>
    /// <param name="paths">Bit i is set when path i can be taken.</param>
    internal int Select(ulong flow, uint paths)
    {
        paths &= allPaths;
        if ((paths & (paths - 1)) == 0)
        {
            return paths == 0 ? -1 : BitOperations.TrailingZeroCount(paths);
        }
        int best = -1;
        double least = double.PositiveInfinity;
        do
        {
            int i = BitOperations.TrailingZeroCount(paths);
            double draw = Exponential(Mix(flow ^ identities[i])) * inverseWeights[i];
            if (draw < least)
            {
                least = draw;
                best = i;
            }
            paths &= paths - 1;
        }
        while (paths != 0);
        return best;
    }

    /// <summary>A hash of what is the same in all packets of a flow. The DSCP is none of it: it may change within a flow.</summary>
    internal static ulong HashOf(in PacketFields fields)
    {
        const ulong first = 0xA0761D6478BD642F, second = 0xE7037ED1A0B428DB, third = 0x8EBC6AF09C88C6E3, fourth = 0x589965CC75374CC3;
        ulong hash = Fold((ulong)fields.Source ^ first, (ulong)fields.Destination ^ second);
        if (fields.Version != 4)
        {
            hash ^= Fold((ulong)(fields.Source >> 64) ^ third, (ulong)(fields.Destination >> 64) ^ fourth);
        }
        ulong ports = (ulong)fields.SourcePort << 48 | (ulong)fields.DestinationPort << 32 | fields.Label;
        ulong kind = (ulong)fields.Protocol << 16 | (ulong)fields.Version << 8 | (fields.IsFragment ? 1u : 0);
        return Fold(hash ^ ports ^ third, hash + kind ^ second);
    }

    /// <summary>
    /// What a path is to the flows: its interface and addresses, so that a restart or another number in the file moves none of
    /// them. Neither the public address nor the gateway counts: they may be found anew at any time.
    /// </summary>
    internal static ulong IdentityOf(PathConfig path)
    {
        // FNV-1a; the lengths keep what is before and behind a boundary apart.
        ulong hash = 0xCBF29CE484222325;
        Add((byte)path.Interface.Length);
        foreach (char character in path.Interface)
        {
            Add((byte)character);
            Add((byte)(character >> 8));
        }
        Add((byte)path.IPVersion);
        AddAddress(path.LocalAddress);
        AddAddress(path.RemoteAddress);
        return Mix(hash);

        void Add(byte value) => hash = (hash ^ value) * 0x100000001B3;

        void AddAddress(IPAddress? address)
        {
            byte[] bytes = address?.GetAddressBytes() ?? [];
            Add((byte)bytes.Length);
            foreach (byte value in bytes)
            {
                Add(value);
            }
        }
    }

    /// <summary>-log2(u) of a number as evenly distributed in (0, 1) as the bits are.</summary>
    /// <remarks>
    /// The zeros at the front are whole powers of 2. Of the rest, u = 1 - t with t from 0 to 1/2, it is t times a polynomial: the
    /// small values, which win, must be right in proportion, not only to within a small difference.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double Exponential(ulong bits)
    {
        int zeros = BitOperations.LeadingZeroCount(bits);
        double t = (long)((0 - (bits << zeros)) >> 1) * (1.0 / (1ul << 63));
        // Fitted at the Chebyshev nodes of 0 to 1/2; within 5.1e-5 of the true value, in proportion.
        const double c0 = 1.442750701974574, c1 = 0.7158304764088559, c2 = 0.5650935280793992, c3 = -0.06389626214649842, c4 = 1.055157665193968;
        return zeros + t * (c0 + t * (c1 + t * (c2 + t * (c3 + t * c4))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }

    /// <summary>The finalizer of MurmurHash3: each bit of the result depends on each bit given.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD;
        value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53;
        return value ^ value >> 33;
    }
}
