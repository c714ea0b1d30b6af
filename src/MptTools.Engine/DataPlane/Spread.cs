using System.Numerics;
using MptTools.Engine.Config;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// One way of giving packets to paths: that of a rule, or of what no rule matches. Of the paths that may be used now it chooses
/// one, and says whether the packet needs a number. Used by one sending thread at a time.
/// </summary>
internal sealed class Spread
{
    /// <summary>A path with a limit is full for Priority when so much waits: shorter bursts are what its queue is there for.</summary>
    private static readonly TimeSpan FullAfter = TimeSpan.FromMilliseconds(20);

    private const int LeastBytesOfFull = 3 * 1514;

    /// <summary>After packets have gone by several paths at once, numbers go on for so long: the slower path's may still be under way.</summary>
    private static readonly TimeSpan NumbersGoOn = TimeSpan.FromSeconds(1);

    private readonly PathSelector? packets;
    private readonly ByteSelector? bytes;
    private readonly FlowSelector flows;
    private readonly Tier[] tiers = [];
    private readonly MappingMode withinTier;
    private readonly TimeSpan numbersGoOn;
    private TimeSpan numbersUntil;

    /// <summary>Paths of one priority, and what chooses among them.</summary>
    private readonly record struct Tier(uint Paths, PathSelector Packets, ByteSelector Bytes);

    /// <param name="mode">Not Combined.</param>
    /// <param name="config">The connection.</param>
    /// <param name="flows">The connection's.</param>
    /// <param name="only">Bit i: path i may be used; 0: all that are in use.</param>
    /// <param name="prefer">With Priority the path before all others; null: the order of their priorities.</param>
    /// <param name="withinTier">With Priority: Packet, Bytes or Flow.</param>
    internal Spread(
        MappingMode mode, ConnectionConfig config, FlowSelector flows, uint only = 0, int? prefer = null, MappingMode withinTier = MappingMode.Packet)
    {
        int[] weights = [.. config.Paths.Select(path => path.WeightOut)];
        Mode = mode;
        Only = only;
        this.flows = flows;
        this.withinTier = withinTier;
        packets = mode == MappingMode.Packet ? new PathSelector(weights) : null;
        bytes = mode == MappingMode.Bytes ? new ByteSelector(weights) : null;
        if (mode == MappingMode.Priority)
        {
            Prefers = prefer is { } preferred ? 1u << preferred : 0;
            tiers =
            [
                .. config.Paths
                    .GroupBy(path => path.Index == prefer ? 0 : prefer is null ? path.Priority : 1)
                    .OrderBy(group => group.Key)
                    .Select(group => new Tier(MaskOf(group), new PathSelector(weights), new ByteSelector(weights))),
            ];
        }
        numbersGoOn = NumbersGoOn > config.MaxBufferDelay ? NumbersGoOn : config.MaxBufferDelay;
    }

    internal MappingMode Mode { get; }

    /// <summary>Bit i: path i may be used; 0: all that are in use.</summary>
    internal uint Only { get; }

    /// <summary>Bit i: path i comes before all others, backup or not.</summary>
    internal uint Prefers { get; }

    /// <summary>Where all its paths are down its packets are dropped.</summary>
    internal bool IsStrict { get; init; }

    /// <summary>Where all its paths are down its packets are spread by this one; null: by itself, over all paths in use.</summary>
    internal Spread? Otherwise { get; init; }

    /// <summary>What it decided, whatever became of it.</summary>
    internal Traffic Decided;

    /// <summary>What waits for any of its paths to have room; null: nothing has waited yet.</summary>
    internal FairQueue? Waiting { get; set; }

    /// <summary>The path for a packet; -1 where it must wait.</summary>
    /// <param name="paths">The paths it may take; not none.</param>
    /// <param name="room">Of those, the ones that take a packet now.</param>
    /// <param name="backlog">What waits for these paths, this packet included, as <see cref="FairQueue.Filled"/> counts it.</param>
    /// <param name="runtimes">The connection's paths.</param>
    /// <param name="isNumbered">It needs a number where the connection numbers at all.</param>
    internal int Choose(uint paths, uint room, int length, ulong flow, long backlog, PathRuntime[] runtimes, TimeSpan now, out bool isNumbered)
    {
        isNumbered = Mode is MappingMode.Packet or MappingMode.Bytes;
        if (Mode == MappingMode.Priority)
        {
            return ChooseByPriority(paths, room, length, flow, backlog, runtimes, now, out isNumbered);
        }
        return room == 0 ? -1 : Mode switch
        {
            MappingMode.Packet => packets!.Next(room),
            MappingMode.Bytes => bytes!.Next(paths, length, room),
            _ => ByFlow(paths, room, flow),
        };
    }

    /// <summary>What <see cref="Choose"/> would say to a packet that finds room everywhere.</summary>
    internal int Peek(uint paths, int length, ulong flow)
    {
        (MappingMode mode, PathSelector? packets, ByteSelector? bytes) = (Mode, this.packets, this.bytes);
        foreach (Tier tier in tiers)
        {
            if ((tier.Paths & paths) != 0)
            {
                (paths, mode, packets, bytes) = (tier.Paths & paths, withinTier, tier.Packets, tier.Bytes);
                break;
            }
        }
        return mode switch
        {
            MappingMode.Packet => packets!.Peek(paths),
            MappingMode.Bytes => bytes!.PeekNext(paths, length),
            _ => flows.Select(flow, paths),
        };
    }

    /// <summary>Of some paths the ones that come first, full or not: all, but for Priority.</summary>
    internal uint FirstOf(uint paths)
    {
        foreach (Tier tier in tiers)
        {
            if ((tier.Paths & paths) != 0)
            {
                return tier.Paths & paths;
            }
        }
        return paths;
    }

    /// <summary>Bit i: packets with numbers may go by path i, now or, with Priority, from one moment to the next.</summary>
    /// <param name="paths">The paths it may take.</param>
    internal uint NumberedPaths(uint paths) => Mode is MappingMode.Flow or MappingMode.Duplicate ? 0 : paths;

    /// <summary>A packet that finds room would carry a number now.</summary>
    /// <param name="paths">The paths it may take.</param>
    internal bool NumbersAt(TimeSpan now, uint paths) => Mode == MappingMode.Priority
        ? now < numbersUntil || IsShared(FirstOf(paths))
        : Mode is MappingMode.Packet or MappingMode.Bytes;

    /// <summary>When one of the paths that may take the next packet has room.</summary>
    /// <inheritdoc cref="Choose"/>
    internal TimeSpan ReadyAt(uint paths, long backlog, PathRuntime[] runtimes, TimeSpan now)
    {
        uint within = paths;
        if (Mode == MappingMode.Priority)
        {
            within = 0;
            long bytesOfFull = LeastBytesOfFull;
            foreach (Tier tier in tiers)
            {
                within |= tier.Paths & paths;
                bytesOfFull += BytesOf(FullAfter, RateOf(tier.Paths & paths, runtimes));
                if (within != 0 && backlog <= bytesOfFull)
                {
                    break;
                }
            }
        }
        TimeSpan earliest = TimeSpan.MaxValue;
        for (; within != 0; within &= within - 1)
        {
            TimeSpan ready = runtimes[BitOperations.TrailingZeroCount(within)].Bucket.ReadyAt(now);
            earliest = ready < earliest ? ready : earliest;
        }
        return earliest;
    }

    /// <summary>
    /// Bytes that may wait for some paths. With Priority more than makes them full: else what is too much for the first ones would be dropped
    /// before it can take the next.
    /// </summary>
    internal int QueueLimit(uint paths, PathRuntime[] runtimes) =>
        FairQueue.LimitFor(RateOf(paths, runtimes)) + (Mode == MappingMode.Priority ? 2 * LeastBytesOfFull : 0);

    /// <summary>The rate limits of some paths together, in bit/s.</summary>
    private static long RateOf(uint paths, PathRuntime[] runtimes)
    {
        long bits = 0;
        for (; paths != 0; paths &= paths - 1)
        {
            bits += runtimes[BitOperations.TrailingZeroCount(paths)].Config.RateLimit;
        }
        return bits;
    }

    private int ChooseByPriority(
        uint paths, uint room, int length, ulong flow, long backlog, PathRuntime[] runtimes, TimeSpan now, out bool isNumbered)
    {
        uint before = 0;
        long bytesOfFull = LeastBytesOfFull;
        foreach (Tier tier in tiers)
        {
            uint candidates = tier.Paths & paths;
            if (candidates == 0)
            {
                continue;
            }
            uint open = candidates & room;
            if (open != 0 && WithinTier(tier, candidates, open, length, flow) is >= 0 and var path)
            {
                // Before the first packet spills over: those that it may overtake must have numbers too.
                bool mayBeFullSoon = backlog > FairQueue.Counted(length) && candidates != paths;
                if (before != 0 || IsShared(candidates) || mayBeFullSoon)
                {
                    numbersUntil = now + numbersGoOn;
                }
                isNumbered = now < numbersUntil;
                return path;
            }
            before |= candidates;
            bytesOfFull += BytesOf(FullAfter, RateOf(candidates, runtimes));
            if (backlog <= bytesOfFull)
            {
                break;
            }
        }
        isNumbered = false;
        return -1;
    }

    /// <summary>Packets of one flow go by several paths of a tier.</summary>
    private bool IsShared(uint ofTier) => withinTier != MappingMode.Flow && !BitOperations.IsPow2(ofTier);

    private int WithinTier(in Tier tier, uint candidates, uint open, int length, ulong flow) => withinTier switch
    {
        MappingMode.Packet => tier.Packets.Next(open),
        MappingMode.Bytes => tier.Bytes.Next(candidates, length, open),
        _ => ByFlow(candidates, open, flow),
    };

    private int ByFlow(uint paths, uint room, ulong flow) => flows.Select(flow, paths) is var path && (room >> path & 1) != 0 ? path : -1;

    private static long BytesOf(TimeSpan time, long bitsPerSecond) => bitsPerSecond / 8 * time.Ticks / TimeSpan.TicksPerSecond;

    private static uint MaskOf(IEnumerable<PathConfig> paths) => paths.Aggregate(0u, (mask, path) => mask | 1u << path.Index);
}
