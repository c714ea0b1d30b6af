using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Packets of several flows as they may come out of the tunnel: in bursts, with losses, copies and everything odd.</summary>
internal sealed class MergerTraffic
{
    private const int LargestPayload = 600;

    private readonly Random random;
    private readonly bool isTame;

    /// <param name="isTame">Nothing that belongs to all flows between two addresses, or to none.</param>
    internal MergerTraffic(Random random, int flows, int packets, bool isTame)
    {
        this.random = random;
        this.isTame = isTame;
        Queue<byte[]>[] queues = [.. Enumerable.Range(0, flows).Select(number => new Queue<byte[]>(Flow(number, packets)))];
        while (queues.Any(queue => queue.Count > 0))
        {
            Queue<byte[]> queue = queues[random.Next(flows)];
            for (int burst = random.Next(12); burst > 0 && queue.Count > 0; burst--)
            {
                Packets.Add(queue.Dequeue());
            }
        }
    }

    internal List<byte[]> Packets { get; } = [];

    private List<byte[]> Flow(int number, int packets)
    {
        PacketSpec spec = new()
        {
            IsIPv6 = random.Next(2) == 0,
            IsUdp = random.Next(2) == 0,
            AddressPair = (byte)(number % 3),
            SourcePort = (ushort)number,
            Id = (ushort)-random.Next(60),
            Fragment = (ushort)(random.Next(2) * 0x4000),
            TrafficClass = (byte)random.Next(256),
            Sequence = random.Next(2) == 0 ? (uint)-random.Next(10000) : (uint)random.NextInt64(1L << 32),
            OptionsTcp = Bytes(random.Next(11) * 4),
        };
        int size = random.Next(3) switch { 0 => random.Next(1, 20), 1 => random.Next(20, 200), _ => random.Next(200, LargestPayload) };
        int oddities = random.Next(3) switch { 0 => 0, 1 => 5, _ => 30 };
        List<byte[]> flow = [];
        for (int i = 0; i < packets; i++)
        {
            int length = random.Next(100) < oddities ? random.Next(LargestPayload) : size;
            spec = spec with { Payload = Bytes(length) };
            PacketSpec sent = random.Next(100) < oddities ? Odd(ref spec) : spec;
            byte[] packet = random.Next(100) < oddities ? Broken(sent) : sent.Build();
            spec = spec with { Id = (ushort)(spec.Id + 1), Sequence = spec.Sequence + (uint)sent.Payload.Length };
            int fate = random.Next(100) < oddities ? random.Next(3) : -1;
            if (fate != 0)
            {
                flow.Add(packet);
            }

            if (fate == 1)
            {
                flow.Add(packet);
            }

            if (fate == 2 && flow.Count > 1)
            {
                (flow[^1], flow[^2]) = (flow[^2], flow[^1]);
            }
        }

        return flow;
    }

    /// <summary>A field that differs, in this packet or from this packet on.</summary>
    private PacketSpec Odd(ref PacketSpec spec)
    {
        switch (random.Next(isTame ? 14 : 18))
        {
            case 0 or 1 or 2: return spec with { Flags = PacketSpec.Ack | PacketSpec.Psh };
            case 3: return spec with { Flags = (byte)random.Next(256) };
            case 4: return spec with { TrafficClass = (byte)(spec.TrafficClass | 3) };
            case 5: return spec = spec with { Acknowledgment = spec.Acknowledgment + 1 };
            case 6: return spec = spec with { Window = (ushort)random.Next(65536) };
            case 7: return spec = spec with { OptionsTcp = Bytes(spec.OptionsTcp.Length) };
            case 8: return spec = spec with { Id = (ushort)random.Next(65536) };
            case 9: return spec = spec with { HopLimit = (byte)random.Next(256) };
            case 10: return spec = spec with { FlowLabel = (uint)random.Next(1 << 20) };
            case 11: return spec with { Fragment = (ushort)(spec.Fragment ^ 0x4000) };
            case 12: return spec with { Payload = [] };
            case 13: return spec with { ReservedBits = (byte)random.Next(16) };
            case 14: return spec with { Fragment = (ushort)random.Next(65536) };
            case 15: return spec with { OptionsIPv4 = Bytes(random.Next(1, 11) * 4) };
            case 16: return spec with { Extensions = [((byte)(random.Next(2) * 60), [0, 0, .. Bytes(6)])] };
            default: return spec with { Extensions = [(44, [0, 0, .. Bytes(6)])] };
        }
    }

    /// <summary>A packet that something happened to on the way.</summary>
    private byte[] Broken(PacketSpec spec)
    {
        byte[] packet = spec.Build();
        switch (random.Next(isTame ? 4 : 9))
        {
            case 0:
                packet[spec.TransportOffset + spec.ChecksumOffset] ^= (byte)random.Next(1, 256);
                break;
            case 1:
                packet.AsSpan(spec.TransportOffset + spec.ChecksumOffset, 2).Fill((byte)(random.Next(2) * 0xFF));
                break;
            case 2:
                packet[^1] ^= (byte)random.Next(1, 256);
                break;
            case 3:
                packet[spec.IsIPv6 ? 7 : 10] ^= (byte)random.Next(1, 256);
                break;
            case 4:
                packet[random.Next(Math.Min(packet.Length, spec.HeaderLength))] ^= (byte)random.Next(1, 256);
                break;
            case 5:
                return packet[..random.Next(packet.Length)];
            case 6:
                return [.. packet, .. Bytes(random.Next(1, 10))];
            case 7:
                packet[spec.IsIPv6 ? 6 : 9] = (byte)random.Next(256);
                break;
            default:
                return Bytes(random.Next(100));
        }

        return packet;
    }

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
