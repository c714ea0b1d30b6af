using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Any mapping against a plain reading of its configuration.</summary>
public class MappingPropertyTests
{
    private const int PathCount = 4;
    private static readonly MappingMode[] Modes = [MappingMode.Packet, MappingMode.Bytes, MappingMode.Flow, MappingMode.Duplicate, MappingMode.Priority];

    private static Gen<IReadOnlyList<int>> SomePaths =>
        Gen.Choose(0, (1 << PathCount) - 1).Select(IReadOnlyList<int> (mask) => [.. Enumerable.Range(0, PathCount).Where(path => (mask >> path & 1) != 0)]);

    /// <summary>By the DSCP alone: what rules ask for has tests of its own.</summary>
    private static Gen<RuleConfig> AnyRule =>
        from dscp in Gen.Choose(0, 3)
        from paths in SomePaths
        from prefer in PropertyCheck.OrNull(Gen.Choose(0, PathCount - 1))
        from spread in PropertyCheck.OrNull(Gen.Elements(MappingMode.Packet, MappingMode.Bytes, MappingMode.Flow, MappingMode.Duplicate))
        from isStrict in Gen.Elements(true, false)
        let prefers = prefer is not null && (paths.Count == 0 || paths.Contains(prefer.Value)) && spread != MappingMode.Duplicate
        select new RuleConfig
        {
            Index = 0,
            Dscp = [dscp],
            Paths = paths,
            Prefer = prefers ? prefer : null,
            Spread = spread,
            IsStrict = isStrict && !prefers && paths.Count > 0,
        };

    private static Gen<ConnectionConfig> AnyConnection =>
        from mode in Gen.Elements(Modes)
        from isCombined in Gen.Elements(true, true, false)
        from rules in Gen.ListOf(AnyRule)
        from backups in SomePaths
        from priorities in Gen.ArrayOf(Gen.Choose(1, 3), PathCount)
        select Configs.Connection([.. Enumerable.Range(0, PathCount).Select(index =>
            Configs.Path(index, 1 + index) with { IsBackup = backups.Contains(index), Priority = priorities[index] })]) with
        {
            Mapping = isCombined ? MappingMode.Combined : mode,
            MappingRest = mode,
            Rules = [.. rules.Select((rule, index) => rule with { Index = index })],
        };

    [Fact]
    public void PacketsGoWhereAPlainReadingSendsThem() => PropertyCheck.Holds(
        from config in AnyConnection
        from up in Gen.Choose(0, (1 << PathCount) - 1)
        from dscp in Gen.Choose(0, 4)
        from port in Gen.Choose(1, 1000)
        from takesDuplicates in Gen.Elements(true, false)
        select (config, up: (uint)up, dscp, port, takesDuplicates),
        input =>
        {
            ConnectionRuntime connection = new(input.config, null!, null!) { UpPaths = input.up, PeerTakesDuplicates = input.takesDuplicates };
            byte[] packet = InnerPackets.UdpToB(input.port, 7, tos: (byte)(input.dscp << 2));
            PacketFields.TryRead(packet, out PacketFields fields);
            Spread found = connection.Mapping.Find(packet, out Flow flow);
            uint paths = connection.Mapping.PathsOf(ref found, input.up);
            MappingDecision decision = connection.Mapping.Explain(fields, packet.Length, connection, TimeSpan.Zero);

            (int rule, uint expected, MappingMode mode, uint first) = Read(input.config, input.up, input.dscp);
            bool isCopied = mode == MappingMode.Duplicate && input.takesDuplicates;
            if (decision.Rule != rule || decision.Paths != expected || paths != expected)
            {
                return false;
            }
            if (expected == 0 || isCopied)
            {
                return decision.Path == -1;
            }
            int chosen = mode == MappingMode.Duplicate
                ? connection.Mapping.Flows.Select(flow.OnPath, expected)
                : found.Choose(expected, expected, packet.Length, flow.OnPath, packet.Length, connection.Paths, TimeSpan.FromSeconds(1), out _);
            return decision.Path == chosen && (first >> chosen & 1) != 0 && (mode != MappingMode.Flow || chosen == connection.Mapping.Flows.Select(flow.OnPath, first));
        });

    /// <summary>The rule that decides, the paths that may be used, the way of spreading, and those paths that come first.</summary>
    private static (int Rule, uint Paths, MappingMode Mode, uint First) Read(ConnectionConfig config, uint up, int dscp)
    {
        bool[] isUp = [.. Enumerable.Range(0, PathCount).Select(path => (up >> path & 1) != 0)];
        int[] inUse = [.. config.Paths.Where(path => isUp[path.Index] && !path.IsBackup).Select(path => path.Index)];
        inUse = inUse.Length > 0 ? inUse : [.. config.Paths.Where(path => isUp[path.Index]).Select(path => path.Index)];
        bool isCombined = config.Mapping == MappingMode.Combined;
        MappingMode rest = isCombined ? config.MappingRest : config.Mapping;
        RuleConfig? rule = isCombined ? config.Rules.FirstOrDefault(candidate => candidate.Dscp.Contains(dscp)) : null;
        if (rule is null)
        {
            return (-1, Mask(inUse), rest, ByPriority(inUse, rest));
        }
        int[] named = [.. rule.Paths.Where(path => isUp[path])];
        bool isFallen = rule.Paths.Count > 0 && named.Length == 0;
        if (isFallen && rule.IsStrict)
        {
            return (rule.Index, 0, rest, 0);
        }
        if (rule.Prefer is { } preferred)
        {
            int[] all = rule.Paths.Count > 0 && !isFallen ? named : [.. inUse];
            all = isUp[preferred] && !isFallen ? [.. all.Union([preferred])] : all;
            bool fallsToRest = isFallen && rule.Spread is null;
            return fallsToRest
                ? (rule.Index, Mask(all), rest, ByPriority(all, rest))
                : (rule.Index, Mask(all), MappingMode.Priority, isUp[preferred] ? 1u << preferred : Mask(all));
        }
        MappingMode mode = rule.Spread ?? rest;
        int[] usable = rule.Paths.Count > 0 && !isFallen ? named : inUse;
        // A rule with one path sends there whatever the spread.
        mode = rule.Paths.Count == 1 && !isFallen ? MappingMode.Flow : mode;
        return (rule.Index, Mask(usable), mode, ByPriority(usable, mode));

        uint ByPriority(int[] paths, MappingMode of) => of != MappingMode.Priority || paths.Length == 0
            ? Mask(paths)
            : Mask([.. paths.Where(path => config.Paths[path].Priority == paths.Min(other => config.Paths[other].Priority))]);
    }

    private static uint Mask(int[] paths) => paths.Aggregate(0u, (mask, path) => mask | 1u << path);
}
