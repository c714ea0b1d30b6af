using System.Net;
using System.Numerics;
using System.Runtime.CompilerServices;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Finds the first rule that a packet matches. Immutable; changed rules make a new one.
/// </summary>
/// <remarks>
/// Each field of the packet gives a row of bits, one for each rule, set where the rule asks nothing of the field or is content
/// with its value; the first bit that is set in all rows is the rule. Ports and addresses find their row by binary search among
/// the values at which any rule changes its mind, so that the time grows with the logarithm of what the rules name, and by six
/// operations for each 64 rules.
/// </remarks>
internal sealed class RuleTable
{
    private const int RulesPerWord = 64, Protocols = 256, Codepoints = 64, MaximumPort = 65535;

    // Rows of the same number of words one after the other. The first has all bits set: it is that of a field no rule asks for.
    private readonly ulong[] bits;
    private readonly int words;

    private readonly Axis<uint> sourcesIPv4, destinationsIPv4, sourcePorts, destinationPorts;
    private readonly Axis<UInt128> sourcesIPv6, destinationsIPv6;
    private readonly int protocols, protocolStep, codepoints, codepointStep, withoutSourcePort, withoutDestinationPort;

    /// <param name="rules">In the order in which they count; any number.</param>
    internal RuleTable(IReadOnlyList<RuleConfig> rules)
    {
        words = (rules.Count + RulesPerWord - 1) / RulesPerWord;
        Rows rows = new(rules.Count, words);
        sourcesIPv4 = Networks<uint>(rows, rules, 4, rule => rule.Sources);
        sourcesIPv6 = Networks<UInt128>(rows, rules, 6, rule => rule.Sources);
        destinationsIPv4 = Networks<uint>(rows, rules, 4, rule => rule.Destinations);
        destinationsIPv6 = Networks<UInt128>(rows, rules, 6, rule => rule.Destinations);
        sourcePorts = Ports(rows, rules, rule => rule.SourcePorts, out withoutSourcePort);
        destinationPorts = Ports(rows, rules, rule => rule.DestinationPorts, out withoutDestinationPort);
        (protocols, protocolStep) = Values(rows, rules, Protocols, rule => rule.Protocols);
        (codepoints, codepointStep) = Values(rows, rules, Codepoints, rule => rule.Dscp);
        bits = rows.ToArray();
    }

    /// <summary>The index in the list of the first rule all of whose conditions the packet meets; -1: there is none.</summary>
    internal int Find(in PacketFields fields)
    {
        int source, destination;
        if (fields.Version == 4)
        {
            source = sourcesIPv4.Find((uint)fields.Source);
            destination = destinationsIPv4.Find((uint)fields.Destination);
        }
        else
        {
            source = sourcesIPv6.Find(fields.Source);
            destination = destinationsIPv6.Find(fields.Destination);
        }
        int sourcePort = withoutSourcePort, destinationPort = withoutDestinationPort;
        if (fields.HasPorts)
        {
            sourcePort = sourcePorts.Find(fields.SourcePort);
            destinationPort = destinationPorts.Find(fields.DestinationPort);
        }
        int protocol = protocols + fields.Protocol * protocolStep, codepoint = codepoints + fields.Dscp * codepointStep;
        for (int word = 0; word < words; word++)
        {
            ulong all = bits[source + word] & bits[destination + word] & bits[sourcePort + word] & bits[destinationPort + word]
                & bits[protocol + word] & bits[codepoint + word];
            if (all != 0)
            {
                return word * RulesPerWord + BitOperations.TrailingZeroCount(all);
            }
        }
        return -1;
    }

    private static Axis<T> Networks<T>(Rows rows, IReadOnlyList<RuleConfig> rules, int version, Func<RuleConfig, IReadOnlyList<IPNetwork>> networks)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (rules.All(rule => networks(rule).Count == 0))
        {
            return Axis<T>.Unused;
        }
        List<(int Rule, T First, T Last)> ranges = [];
        for (int rule = 0; rule < rules.Count; rule++)
        {
            foreach (IPNetwork network in networks(rules[rule]))
            {
                Prefix prefix = Prefix.Of(network);
                if (prefix.IPVersion == version)
                {
                    T first = T.CreateTruncating(prefix.Address);
                    ranges.Add((rule, first, first | ~T.CreateTruncating(Prefix.Mask(version, prefix.PrefixLength))));
                }
            }
        }
        return new Axis<T>(rows, ranges, Indifferent(rules, rule => networks(rule).Count));
    }

    private static Axis<uint> Ports(Rows rows, IReadOnlyList<RuleConfig> rules, Func<RuleConfig, IReadOnlyList<PortRange>> ports, out int without)
    {
        if (rules.All(rule => ports(rule).Count == 0))
        {
            without = 0;
            return Axis<uint>.Unused;
        }
        List<(int Rule, uint First, uint Last)> ranges = [];
        for (int rule = 0; rule < rules.Count; rule++)
        {
            foreach (PortRange range in ports(rules[rule]))
            {
                ranges.Add((rule, (uint)range.First, (uint)Math.Min(range.Last, MaximumPort)));
            }
        }
        List<int> indifferent = Indifferent(rules, rule => ports(rule).Count);
        without = rows.Add(indifferent);
        return new Axis<uint>(rows, ranges, indifferent);
    }

    /// <summary>A row for each value from 0.</summary>
    private static (int First, int Step) Values(Rows rows, IReadOnlyList<RuleConfig> rules, int count, Func<RuleConfig, IReadOnlyList<int>> values)
    {
        if (rules.All(rule => values(rule).Count == 0))
        {
            return (0, 0);
        }
        List<int> indifferent = Indifferent(rules, rule => values(rule).Count);
        int first = rows.Add(indifferent);
        for (int value = 1; value < count; value++)
        {
            rows.Add(indifferent);
        }
        for (int rule = 0; rule < rules.Count; rule++)
        {
            foreach (int value in values(rules[rule]))
            {
                rows.Set(first + value * rows.Words, rule);
            }
        }
        return (first, rows.Words);
    }

    /// <summary>The rules that ask nothing of a field.</summary>
    private static List<int> Indifferent(IReadOnlyList<RuleConfig> rules, Func<RuleConfig, int> conditions) =>
        [.. Enumerable.Range(0, rules.Count).Where(rule => conditions(rules[rule]) == 0)];

    /// <summary>The rows of a field whose values are too many for a row each: one from each of <c>starts</c> to the next.</summary>
    private readonly struct Axis<T> where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        internal static readonly Axis<T> Unused = new();

        private readonly T[] starts = [T.Zero];
        private readonly int first, step;

        public Axis()
        {
        }

        internal Axis(Rows rows, List<(int Rule, T First, T Last)> ranges, List<int> indifferent)
        {
            SortedSet<T> edges = [T.Zero];
            foreach ((_, T from, T to) in ranges)
            {
                edges.Add(from);
                if (to < T.MaxValue)
                {
                    edges.Add(to + T.One);
                }
            }
            starts = [.. edges];
            step = rows.Words;
            first = rows.Add(indifferent);
            for (int i = 1; i < starts.Length; i++)
            {
                rows.Add(indifferent);
            }
            foreach ((int rule, T from, T to) in ranges)
            {
                for (int i = Array.BinarySearch(starts, from); i < starts.Length && starts[i] <= to; i++)
                {
                    rows.Set(first + i * step, rule);
                }
            }
        }

        /// <summary>The row of a value, as the index of its first word.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal int Find(T value)
        {
            // Without a branch that depends on the value: it would be mispredicted for every other packet.
            int low = 0;
            for (int left = starts.Length; left > 1;)
            {
                int half = left >> 1;
                low += half & -Unsafe.BitCast<bool, byte>(starts[low + half] <= value);
                left -= half;
            }
            return first + low * step;
        }
    }

    private sealed class Rows(int rules, int words)
    {
        private readonly List<ulong> bits = MakeAll(rules, words);

        internal int Words => words;

        /// <summary>A new row with these bits; its place is the index of its first word.</summary>
        internal int Add(List<int> set)
        {
            int row = bits.Count;
            for (int word = 0; word < words; word++)
            {
                bits.Add(0);
            }
            foreach (int rule in set)
            {
                Set(row, rule);
            }
            return row;
        }

        internal void Set(int row, int rule) => bits[row + rule / RulesPerWord] |= 1ul << (rule % RulesPerWord);

        internal ulong[] ToArray() => [.. bits];

        private static List<ulong> MakeAll(int rules, int words)
        {
            List<ulong> all = [];
            for (int word = 0; word < words; word++)
            {
                int left = rules - word * RulesPerWord;
                all.Add(left >= RulesPerWord ? ulong.MaxValue : (1ul << left) - 1);
            }
            return all;
        }
    }
}
