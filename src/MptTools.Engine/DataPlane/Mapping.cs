using System.Numerics;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>What would become of a packet.</summary>
/// <param name="Rule">The index of the rule that decides among <see cref="MappingRules.Of"/>; -1: none.</param>
/// <param name="Spread">How it is spread.</param>
/// <param name="Paths">Bit i: it may take path i now; 0: it is dropped.</param>
/// <param name="Path">The path it would take if there were room everywhere; -1: none, or all of <paramref name="Paths"/>.</param>
/// <param name="IsNumbered">It would carry a sequence number.</param>
internal readonly record struct MappingDecision(int Rule, MappingMode Spread, uint Paths, int Path, bool IsNumbered);

/// <summary>What a packet is one of, as hashes.</summary>
/// <param name="OnPath">The same for all packets that must take one path.</param>
/// <param name="InQueue">
/// The same for all packets that take turns with those of others. Fragments of all packets between two hosts are one: each packet by itself would
/// go before what its sender has piled up, and so many would be under way in pieces at once that their receiver gives them up.
/// </param>
internal readonly record struct Flow(ulong OnPath, ulong InQueue)
{
    internal static Flow Of(in PacketFields fields)
    {
        ulong hash = FlowSelector.HashOf(fields);
        return new Flow(hash, fields.IsFragment ? FlowSelector.HashOf(fields with { Label = 0 }) : hash);
    }
}

/// <summary>
/// Which packet takes which path: the rules of a connection, and how each of them and the rest is spread. Made anew when the
/// configuration changes. Used by one sending thread at a time.
/// </summary>
internal sealed class Mapping
{
    private readonly RuleTable? rules;
    private readonly RuleConfig[] ruleConfigs;
    private readonly Spread[] spreads;
    private readonly uint backup;
    private readonly bool looksInside;
    private PacketFields lastFields;
    private Spread lastSpread;
    private Flow lastFlow;
    private bool hasLast;

    internal Mapping(ConnectionConfig config)
    {
        Flows = new FlowSelector([.. config.Paths.Select(path => path.WeightOut)], [.. config.Paths.Select(FlowSelector.IdentityOf)]);
        bool isCombined = config.Mapping == MappingMode.Combined;
        Rest = lastSpread = new Spread(isCombined ? config.MappingRest : config.Mapping, config, Flows);
        ruleConfigs = isCombined ? [.. MappingRules.Of(config).Select(rule => rule.Rule)] : [];
        spreads = Array.ConvertAll(ruleConfigs, rule => SpreadOf(rule, config));
        Spreads = [Rest, .. spreads, .. spreads.Select(spread => spread.Otherwise).OfType<Spread>().Where(spread => spread != Rest)];
        rules = ruleConfigs.Length > 0 ? new RuleTable(ruleConfigs) : null;
        foreach (PathConfig path in config.Paths)
        {
            backup |= path.IsBackup ? 1u << path.Index : 0;
            LimitedPaths |= path.RateLimit > 0 ? 1u << path.Index : 0;
        }
        // Where packets may have to wait, those of one flow do not wait for those of others.
        looksInside = rules is not null || LimitedPaths != 0 || Rest.Mode is MappingMode.Flow or MappingMode.Duplicate;
    }

    /// <summary>How what no rule matches is spread.</summary>
    internal Spread Rest { get; }

    /// <summary>All ways of spreading, those that take over for others included.</summary>
    internal Spread[] Spreads { get; }

    /// <summary>How the packets of each rule of <see cref="MappingRules.Of"/> are spread; none unless the mapping is combined.</summary>
    internal IReadOnlyList<Spread> Rules => spreads;

    internal FlowSelector Flows { get; }

    /// <summary>Rules that were there before go on counting.</summary>
    internal void CountOnFrom(Mapping before)
    {
        List<int> left = [.. Enumerable.Range(0, before.spreads.Length)];
        for (int i = 0; i < spreads.Length; i++)
        {
            int found = left.FindIndex(j => MappingRules.SaysTheSame(before.ruleConfigs[j], ruleConfigs[i]));
            if (found >= 0)
            {
                spreads[i].Decided = before.spreads[left[found]].Decided;
                left.RemoveAt(found);
            }
        }
    }

    /// <summary>Bit i: path i has a rate limit.</summary>
    internal uint LimitedPaths { get; }

    /// <summary>How a packet is spread. One that is of the same flow as the one before costs a comparison.</summary>
    /// <param name="packet">Its headers; what follows may be missing.</param>
    /// <param name="flow">Its flow; all 0 where nothing depends on it.</param>
    internal Spread Find(ReadOnlySpan<byte> packet, out Flow flow)
    {
        if (!looksInside || !PacketFields.TryRead(packet, out PacketFields fields))
        {
            flow = default;
            return Rest;
        }
        if (!hasLast || !fields.SameAs(lastFields))
        {
            int rule = rules?.Find(fields) ?? -1;
            (lastFields, lastSpread, lastFlow, hasLast) = (fields, rule < 0 ? Rest : spreads[rule], Flow.Of(fields), true);
        }
        flow = lastFlow;
        return lastSpread;
    }

    /// <summary>The paths that packets may take.</summary>
    /// <param name="spread">How they are spread; another one where all paths of a rule are down.</param>
    /// <param name="up">Bit i: path i is up.</param>
    /// <returns>0: none.</returns>
    internal uint PathsOf(ref Spread spread, uint up)
    {
        if (spread.Only != 0)
        {
            uint named = spread.Only & up;
            if (named != 0 || spread.IsStrict)
            {
                return named;
            }
            spread = spread.Otherwise ?? spread;
        }
        return InUse(up) | spread.Prefers & up;
    }

    /// <summary>Bit i: packets with numbers may go by path i. Any thread may ask.</summary>
    internal uint NumberedPaths(uint up)
    {
        uint numbered = Rest.NumberedPaths(InUse(up));
        foreach (Spread of in spreads)
        {
            Spread spread = of;
            uint paths = PathsOf(ref spread, up);
            numbered |= spread.NumberedPaths(paths);
        }
        return numbered;
    }

    /// <summary>What would become of a packet now. Changes nothing; where packets are sent meanwhile it is the answer of some moment.</summary>
    internal MappingDecision Explain(in PacketFields fields, int length, ConnectionRuntime connection, TimeSpan now)
    {
        int rule = rules?.Find(fields) ?? -1;
        Spread spread = rule < 0 ? Rest : spreads[rule];
        uint paths = PathsOf(ref spread, connection.UpPaths);
        bool isCopied = spread.Mode == MappingMode.Duplicate && connection.PeerTakesDuplicates;
        MappingMode mode = spread.Mode == MappingMode.Duplicate && !isCopied ? MappingMode.Flow : spread.Mode;
        int path = paths == 0 || isCopied ? -1 : spread.Peek(paths, length, FlowSelector.HashOf(fields));
        bool isNumbered = isCopied || connection.Sequenced && path >= 0 && spread.NumbersAt(now, paths);
        return new MappingDecision(rule, mode, paths, path, isNumbered);
    }

    private uint InUse(uint up) => (up & ~backup) is not 0 and var paths ? paths : up;

    private Spread SpreadOf(RuleConfig rule, ConnectionConfig config)
    {
        uint only = 0;
        foreach (int path in rule.Paths)
        {
            only |= 1u << path;
        }
        MappingMode mode = rule.Spread ?? Rest.Mode;
        if (rule.Prefer is { } preferred)
        {
            MappingMode withinTier = mode is MappingMode.Bytes or MappingMode.Flow ? mode : MappingMode.Packet;
            return new Spread(MappingMode.Priority, config, Flows, only, preferred, withinTier) { Otherwise = rule.Spread is null ? Rest : null };
        }
        Spread? otherwise = rule.Spread is null ? Rest : null;
        if (BitOperations.PopCount(only) == 1)
        {
            // What stays on one path is in order without numbers, and waits for nothing that is on others.
            otherwise ??= new Spread(mode, config, Flows);
            mode = MappingMode.Flow;
        }
        return new Spread(mode, config, Flows, only) { IsStrict = rule.IsStrict, Otherwise = otherwise };
    }
}
