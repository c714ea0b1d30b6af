using System.Numerics;
using System.Runtime.CompilerServices;
using MptTools.Engine.Wire;
using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Engine.DataPlane;

/// <summary>Which packets a TUN device takes merged.</summary>
[Flags]
internal enum MergeKinds : byte
{
    /// <summary>None: each packet is written on its own.</summary>
    None = 0,
    /// <summary>TCP over IPv4.</summary>
    TcpIPv4 = 1,
    /// <summary>TCP over IPv6.</summary>
    TcpIPv6 = 2,
    /// <summary>UDP over IPv4. Linux takes it from 6.2 on.</summary>
    UdpIPv4 = 4,
    /// <summary>UDP over IPv6, likewise.</summary>
    UdpIPv6 = 8,
    /// <summary>All of them.</summary>
    All = TcpIPv4 | TcpIPv6 | UdpIPv4 | UdpIPv6,
}

/// <summary>What is known of a packet's flow, and with it which packets it must not overtake.</summary>
internal enum FlowKnowledge : byte
{
    /// <summary>Not even the addresses: the packet is on its own.</summary>
    Nothing,
    /// <summary>The addresses; the ports are not there or not where they are looked for (fragments, options, other protocols).</summary>
    Addresses,
    /// <summary>The ports as well, but it is not to be merged (no payload, flags, switched off).</summary>
    Ports,
    /// <summary>It may be merged.</summary>
    Mergeable,
}

/// <summary>What <see cref="PacketMerger"/> reads out of a packet. Keys of different flows may be equal; those of one flow are.</summary>
internal unsafe struct MergeCandidate
{
    private const int MoreFragmentsReservedAndOffset = 0xBFFF;

    internal byte* Data;
    internal int Length;
    internal int TransportOffset;
    internal int HeaderLength;
    internal int PayloadLength;
    internal bool IsIPv4, IsUdp;
    /// <summary>PSH is set: nothing may follow in the same merged packet.</summary>
    internal bool EndsRun;
    internal ulong AddressKey, FlowKey;

    /// <summary>Reads anything, trusting nothing but the length.</summary>
    internal static FlowKnowledge Read(byte* data, int length, MergeKinds kinds, out MergeCandidate candidate)
    {
        Unsafe.SkipInit(out candidate);
        candidate.Data = data;
        candidate.Length = length;
        ReadOnlySpan<byte> packet = new(data, length);
        if (length >= IPHeader.MinimumLengthIPv4 && data[0] >> 4 == 4)
        {
            candidate.IsIPv4 = true;
            candidate.AddressKey = Load<ulong>(data + 12);
            candidate.TransportOffset = IPHeader.MinimumLengthIPv4;
            bool isPlain = data[0] == 0x45
                && LoadNetworkWord(data + 2) == length && (LoadNetworkWord(data + 6) & MoreFragmentsReservedAndOffset) == 0;
            return isPlain ? ReadTransport(data[9], kinds, ref candidate) : FlowKnowledge.Addresses;
        }

        if (length >= IPHeader.LengthIPv6 && data[0] >> 4 == 6)
        {
            candidate.IsIPv4 = false;
            candidate.AddressKey = Mix(
                Mix(Mix(Load<ulong>(data + 8), Load<ulong>(data + 16)), Load<ulong>(data + 24)), Load<ulong>(data + 32));
            candidate.TransportOffset = IPHeader.LengthIPv6;
            bool isPlain = LoadNetworkWord(data + 4) == length - IPHeader.LengthIPv6;
            return isPlain ? ReadTransport(data[6], kinds, ref candidate) : FlowKnowledge.Addresses;
        }

        return FlowKnowledge.Nothing;
    }

    /// <summary>Whether both belong to one flow and differ in nothing but what segments of one packet differ in.</summary>
    /// <param name="first">The first packet of the run.</param>
    /// <param name="position">How many packets the run has: so many numbers is this one's IPv4 identification ahead.</param>
    internal readonly bool HasHeadersOf(in MergeCandidate first, int position)
    {
        if (HeaderLength != first.HeaderLength || IsIPv4 != first.IsIPv4 || IsUdp != first.IsUdp)
        {
            return false;
        }

        byte* a = Data, b = first.Data;
        bool same = IsIPv4
            ? Load<ushort>(a) == Load<ushort>(b)                            // header length, type of service
                && Load<uint>(a + 6) == Load<uint>(b + 6)                   // don't fragment, time to live, protocol
                && Load<ulong>(a + 12) == Load<ulong>(b + 12)               // addresses
                && LoadNetworkWord(a + 4) == (ushort)(LoadNetworkWord(b + 4) + position)
            : Load<uint>(a) == Load<uint>(b)                                // traffic class, flow label
                && Load<ushort>(a + 6) == Load<ushort>(b + 6)               // next header, hop limit
                && new ReadOnlySpan<byte>(a + 8, 32).SequenceEqual(new ReadOnlySpan<byte>(b + 8, 32));
        a += TransportOffset;
        b += TransportOffset;
        if (!same || Load<uint>(a) != Load<uint>(b))                        // ports
        {
            return false;
        }

        int options = HeaderLength - TransportOffset - TransportHeader.MinimumLengthTcp;
        return IsUdp
            || (Load<uint>(a + 8) == Load<uint>(b + 8)                      // acknowledgment
                && Load<ushort>(a + 14) == Load<ushort>(b + 14)             // window
                && Load<ushort>(a + 18) == Load<ushort>(b + 18)             // urgent pointer
                && new ReadOnlySpan<byte>(a + 20, options).SequenceEqual(new ReadOnlySpan<byte>(b + 20, options)));
    }

    /// <summary>Whether the checksums are there and are the very ones that cutting would compute.</summary>
    internal readonly bool HasRightChecksums()
    {
        // One's complement has two zeros; only one of them is ever computed.
        const ushort otherZero = ushort.MaxValue;
        if (IsIPv4 && (Load<ushort>(Data + 10) == otherZero
            || InternetChecksum.Compute(new ReadOnlySpan<byte>(Data, IPHeader.MinimumLengthIPv4)) != 0))
        {
            return false;
        }

        byte* transport = Data + TransportOffset;
        ushort impossible = IsUdp ? (ushort)0 : otherZero;
        if (Load<ushort>(transport + (IsUdp ? TransportHeader.UdpChecksum : TransportHeader.TcpChecksum)) == impossible)
        {
            return false;
        }

        int length = Length - TransportOffset;
        uint sum = InternetChecksum.Add(new ReadOnlySpan<byte>(transport, length), PseudoHeaderSum(length));
        return InternetChecksum.Fold(sum) == ushort.MaxValue;
    }

    /// <summary>The partial sum of the pseudo-header for another length of transport header and payload.</summary>
    internal readonly uint PseudoHeaderSum(int length) => TransportHeader.PseudoHeaderSum(
        IsIPv4 ? new ReadOnlySpan<byte>(Data + 12, 8) : new ReadOnlySpan<byte>(Data + 8, 32),
        IsUdp ? TransportHeader.Udp : TransportHeader.Tcp,
        length);

    internal readonly MergeKinds Kind => IsUdp
        ? IsIPv4 ? MergeKinds.UdpIPv4 : MergeKinds.UdpIPv6
        : IsIPv4 ? MergeKinds.TcpIPv4 : MergeKinds.TcpIPv6;

    /// <summary>The TCP sequence number.</summary>
    internal readonly uint Sequence =>
        ReadUInt32BigEndian(new ReadOnlySpan<byte>(Data + TransportOffset + TransportHeader.TcpSequence, sizeof(uint)));

    private static FlowKnowledge ReadTransport(byte protocol, MergeKinds kinds, ref MergeCandidate candidate)
    {
        int length = candidate.Length - candidate.TransportOffset;
        byte* transport = candidate.Data + candidate.TransportOffset;
        candidate.IsUdp = protocol == TransportHeader.Udp;
        if (candidate.IsUdp ? length < TransportHeader.LengthUdp
            : protocol != TransportHeader.Tcp || length < TransportHeader.MinimumLengthTcp)
        {
            return FlowKnowledge.Addresses;
        }

        candidate.FlowKey = Mix(candidate.AddressKey, Load<uint>(transport) | (ulong)protocol << 32);
        bool isPlain;
        int headerLength;
        if (candidate.IsUdp)
        {
            headerLength = TransportHeader.LengthUdp;
            isPlain = LoadNetworkWord(transport + TransportHeader.UdpLength) == length;
            candidate.EndsRun = false;
        }
        else
        {
            // Of all flags and reserved bits only ACK, which must be there, and PSH.
            const int plainBits = 0x0FFF & ~TransportHeader.Psh;
            int offsetAndFlags = LoadNetworkWord(transport + TransportHeader.TcpDataOffset);
            headerLength = (offsetAndFlags >> 12) * 4;
            isPlain = (offsetAndFlags & plainBits) == TransportHeader.Ack && headerLength >= TransportHeader.MinimumLengthTcp;
            candidate.EndsRun = (offsetAndFlags & TransportHeader.Psh) != 0;
        }

        candidate.HeaderLength = candidate.TransportOffset + headerLength;
        candidate.PayloadLength = length - headerLength;
        return isPlain && candidate.PayloadLength > 0 && (kinds & candidate.Kind) != 0 ? FlowKnowledge.Mergeable : FlowKnowledge.Ports;
    }

    private static ulong Mix(ulong key, ulong more) => (BitOperations.RotateLeft(key, 29) ^ more) * 0x9E37_79B9_7F4A_7C15;

    private static T Load<T>(byte* field) where T : unmanaged => Unsafe.ReadUnaligned<T>(field);

    private static ushort LoadNetworkWord(byte* field) =>
        ReadUInt16BigEndian(new ReadOnlySpan<byte>(field, sizeof(ushort)));
}
