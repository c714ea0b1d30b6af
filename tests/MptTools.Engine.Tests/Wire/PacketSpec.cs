using System.Buffers.Binary;

namespace MptTools.Engine.Tests.Wire;

/// <summary>A TCP or UDP packet by its fields, as RFC 791, 8200, 9293 and 768 lay them out.</summary>
public sealed record PacketSpec
{
    public const byte Fin = 1, Syn = 2, Rst = 4, Psh = 8, Ack = 16, Urg = 32, Ece = 64, Cwr = 128;

    public bool IsIPv6 { get; init; }
    public bool IsUdp { get; init; }
    /// <summary>Both addresses are made of it.</summary>
    public byte AddressPair { get; init; }
    public ushort SourcePort { get; init; } = 40000;
    public ushort DestinationPort { get; init; } = 443;
    public byte TrafficClass { get; init; }
    public byte HopLimit { get; init; } = 64;
    public uint FlowLabel { get; init; }
    public ushort Id { get; init; }
    /// <summary>Flags and fragment offset of IPv4.</summary>
    public ushort Fragment { get; init; } = 0x4000;
    public byte[] OptionsIPv4 { get; init; } = [];
    /// <summary>Extension headers: type and whole content, whose first byte is filled in.</summary>
    public (byte Type, byte[] Content)[] Extensions { get; init; } = [];
    /// <summary>What counts as destination in the pseudo-header, behind a routing header.</summary>
    public byte[]? FinalDestination { get; init; }
    public uint Sequence { get; init; }
    public uint Acknowledgment { get; init; }
    public byte Flags { get; init; } = Ack;
    public byte ReservedBits { get; init; }
    public ushort Window { get; init; } = 501;
    public ushort Urgent { get; init; }
    public byte[] OptionsTcp { get; init; } = [];
    public byte[] Payload { get; init; } = [];

    public byte Protocol => (byte)(IsUdp ? 17 : 6);
    public int TransportOffset => IsIPv6 ? 40 + Extensions.Sum(header => header.Content.Length) : 20 + OptionsIPv4.Length;
    public int TransportHeaderLength => IsUdp ? 8 : 20 + OptionsTcp.Length;
    public int HeaderLength => TransportOffset + TransportHeaderLength;
    public int ChecksumOffset => IsUdp ? 6 : 16;

    /// <summary>The packet with right checksums.</summary>
    public byte[] Build()
    {
        byte[] packet = BuildForOffload();
        byte[] transport = packet[TransportOffset..];
        ushort checksum = PlainChecksum.Of(transport);
        Put(packet, TransportOffset + ChecksumOffset, IsUdp && checksum == 0 ? 0xFFFF : checksum);
        return packet;
    }

    /// <summary>The packet whose transport checksum field holds the folded sum of the pseudo-header.</summary>
    public byte[] BuildForOffload()
    {
        byte[] addresses = new byte[IsIPv6 ? 32 : 8];
        Array.Fill(addresses, AddressPair);
        addresses[0] = 10;
        addresses[addresses.Length / 2] = 172;
        byte[] transport = Transport();
        byte[] packet = [.. IsIPv6 ? HeaderIPv6(addresses, transport.Length) : HeaderIPv4(addresses, transport.Length), .. transport];
        FinalDestination?.CopyTo(addresses, addresses.Length / 2);
        byte[] pseudo = [.. addresses, 0, Protocol, 0, 0];
        Put(pseudo, pseudo.Length - 2, transport.Length);
        Put(packet, TransportOffset + ChecksumOffset, (ushort)~PlainChecksum.Of(pseudo));
        return packet;
    }

    private byte[] HeaderIPv4(byte[] addresses, int transportLength)
    {
        byte[] header = new byte[20 + OptionsIPv4.Length];
        header[0] = (byte)(0x40 | header.Length / 4);
        header[1] = TrafficClass;
        Put(header, 2, header.Length + transportLength);
        Put(header, 4, Id);
        Put(header, 6, Fragment);
        header[8] = HopLimit;
        header[9] = Protocol;
        addresses.CopyTo(header, 12);
        OptionsIPv4.CopyTo(header, 20);
        Put(header, 10, PlainChecksum.Of(header));
        return header;
    }

    private byte[] HeaderIPv6(byte[] addresses, int transportLength)
    {
        byte[] header = new byte[40];
        BinaryPrimitives.WriteUInt32BigEndian(header, 6u << 28 | (uint)TrafficClass << 20 | FlowLabel);
        Put(header, 4, Extensions.Sum(extension => extension.Content.Length) + transportLength);
        header[7] = HopLimit;
        addresses.CopyTo(header, 8);
        byte next = Protocol;
        byte[] extensions = [];
        foreach ((byte type, byte[] content) in Extensions.Reverse())
        {
            extensions = [next, .. content[1..], .. extensions];
            next = type;
        }

        header[6] = next;
        return [.. header, .. extensions];
    }

    private byte[] Transport()
    {
        byte[] header = new byte[TransportHeaderLength];
        Put(header, 0, SourcePort);
        Put(header, 2, DestinationPort);
        if (IsUdp)
        {
            Put(header, 4, 8 + Payload.Length);
            return [.. header, .. Payload];
        }

        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), Acknowledgment);
        header[12] = (byte)(header.Length / 4 << 4 | ReservedBits);
        header[13] = Flags;
        Put(header, 14, Window);
        Put(header, 18, Urgent);
        OptionsTcp.CopyTo(header, 20);
        return [.. header, .. Payload];
    }

    private static void Put(byte[] bytes, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)value);
}
