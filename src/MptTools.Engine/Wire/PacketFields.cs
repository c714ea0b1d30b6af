using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Engine.Wire;

/// <summary>
/// What decides which path a packet takes. All packets of a flow have the same fields; all fragments of a packet have the
/// same, the first included, and an ICMP error has those of a packet of the flow that it is about.
/// </summary>
/// <remarks>Laid out from the largest to the smallest, so that it fits one cache line.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketFields
{
    private const byte Icmp = 1, IcmpV6 = 58, Dccp = 33, Sctp = 132, UdpLite = 136;
    private const byte HopByHop = 0, Routing = 43, FragmentHeader = 44, AuthenticationHeader = 51, DestinationOptions = 60;
    private const int PortsLength = 4, IcmpHeaderLength = 8, FragmentHeaderLength = 8;

    /// <summary>More than any sender has a use for (RFC 8200 section 4.1 names seven), and few enough to be read at line rate.</summary>
    private const int MostExtensionHeaders = 16;

    /// <summary>The source address; an IPv4 address in the low 32 bits.</summary>
    internal UInt128 Source;
    /// <summary>The destination address, likewise.</summary>
    internal UInt128 Destination;
    /// <summary>
    /// What tells packets without ports apart: a fragment's identification; the flow label of an IPv6 packet that is whole; else 0.
    /// </summary>
    internal uint Label;
    /// <summary>0 without ports.</summary>
    internal ushort SourcePort;
    /// <summary>0 without ports.</summary>
    internal ushort DestinationPort;
    /// <summary>4 or 6.</summary>
    internal ushort Version;
    /// <summary>
    /// The protocol field of IPv4; in IPv6 what follows the extension headers, or the fragment header, or the header type that
    /// the packet ends in.
    /// </summary>
    internal byte Protocol;
    /// <summary>The differentiated services codepoint of the packet itself, 0 to 63, also in an ICMP error.</summary>
    internal byte Dscp;
    /// <summary>Ports can be told: a whole packet of TCP, UDP, UDP-Lite, SCTP or DCCP.</summary>
    internal bool HasPorts;
    /// <summary>A fragment, the first included; not one that is the whole packet (RFC 6946).</summary>
    internal bool IsFragment;

    /// <summary>Reads anything, trusting no length but that of the span: a super-packet's own are not right.</summary>
    /// <param name="packet">A packet, whole or cut off.</param>
    /// <param name="fields">As much as can be told.</param>
    /// <returns>False for what <see cref="IPHeader.TryReadAddresses"/> does not take for a packet.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> packet, out PacketFields fields)
    {
        fields = default;
        int offset = fields.ReadHeaders(packet);
        if (offset < 0)
        {
            return false;
        }
        if (packet.Length - offset > IcmpHeaderLength && fields.IsIcmpError(type: packet[offset]))
        {
            fields.ReadQuote(packet[(offset + IcmpHeaderLength)..]);
        }
        return true;
    }

    /// <summary>Whether all fields are the same.</summary>
    internal readonly bool SameAs(in PacketFields other)
    {
        // Field by field: what was just written in small pieces is slow to be read in a large one.
        uint difference = Label ^ other.Label | (uint)(SourcePort ^ other.SourcePort) | (uint)(DestinationPort ^ other.DestinationPort)
            | (uint)(Version ^ other.Version) | (uint)(Protocol ^ other.Protocol) | (uint)(Dscp ^ other.Dscp);
        return difference == 0 && Source == other.Source && Destination == other.Destination
            && HasPorts == other.HasPorts && IsFragment == other.IsFragment;
    }

    /// <summary>Reads everything but a quote.</summary>
    /// <returns>Where the transport header begins; the packet's length where it was not reached; -1: no packet.</returns>
    private int ReadHeaders(ReadOnlySpan<byte> packet)
    {
        if (!IPHeader.TryReadAddresses(packet, out int version, out Source, out Destination))
        {
            return -1;
        }
        Version = (ushort)version;
        int offset = version == 4 ? ReadIPv4(packet) : ReadIPv6(packet);
        if (!IsFragment && IsWithPorts(Protocol) && packet.Length - offset >= PortsLength)
        {
            uint ports = ReadUInt32BigEndian(packet[offset..]);
            SourcePort = (ushort)(ports >> 16);
            DestinationPort = (ushort)ports;
            HasPorts = true;
            Label = 0;
        }
        return offset;
    }

    private int ReadIPv4(ReadOnlySpan<byte> packet)
    {
        const int moreFragmentsAndOffset = 0x3FFF;
        Dscp = (byte)(packet[1] >> 2);
        Protocol = packet[9];
        if ((ReadUInt16BigEndian(packet[6..]) & moreFragmentsAndOffset) != 0)
        {
            IsFragment = true;
            Label = ReadUInt16BigEndian(packet[4..]);
        }
        int headerLength = (packet[0] & 0x0F) * 4;
        return headerLength >= IPHeader.MinimumLengthIPv4 ? headerLength : packet.Length;
    }

    private int ReadIPv6(ReadOnlySpan<byte> packet)
    {
        const int flowLabel = 0xFFFFF, dscp = 0x3F, dscpShift = 22;
        uint first = ReadUInt32BigEndian(packet);
        Dscp = (byte)(first >> dscpShift & dscp);
        Label = first & flowLabel;
        Protocol = packet[6];
        return IsExtension(Protocol) ? WalkExtensions(packet) : IPHeader.LengthIPv6;
    }

    /// <returns>Where the transport header begins; the packet's length: it was not reached.</returns>
    private int WalkExtensions(ReadOnlySpan<byte> packet)
    {
        const int offsetAndMoreFragments = 0xFFF9;
        int offset = IPHeader.LengthIPv6;
        for (int header = 0; header < MostExtensionHeaders; header++)
        {
            // No extension header is shorter than 8 bytes.
            if (packet.Length - offset < FragmentHeaderLength)
            {
                return packet.Length;
            }
            byte type = Protocol;
            Protocol = packet[offset];
            switch (type)
            {
                case FragmentHeader:
                    if ((ReadUInt16BigEndian(packet[(offset + 2)..]) & offsetAndMoreFragments) != 0)
                    {
                        IsFragment = true;
                        Label = ReadUInt32BigEndian(packet[(offset + 4)..]);
                        return packet.Length;
                    }
                    offset += FragmentHeaderLength;
                    break;
                case AuthenticationHeader:
                    offset += (packet[offset + 1] + 2) * 4;
                    break;
                default:
                    offset += (packet[offset + 1] + 1) * 8;
                    break;
            }
            if (!IsExtension(Protocol))
            {
                return Math.Min(offset, packet.Length);
            }
        }
        return packet.Length;
    }

    /// <summary>
    /// Takes the fields of a quoted packet turned round, as the flow looks in the direction of the error; its own where it
    /// quotes none of its IP version. A quoted error is not looked into: there are no errors about errors (RFC 1122
    /// section 3.2.2, RFC 4443 section 2.4 e).
    /// </summary>
    private void ReadQuote(ReadOnlySpan<byte> packet)
    {
        PacketFields quoted = default;
        if (quoted.ReadHeaders(packet) < 0 || quoted.Version != Version)
        {
            return;
        }
        (quoted.Source, quoted.Destination) = (quoted.Destination, quoted.Source);
        (quoted.SourcePort, quoted.DestinationPort) = (quoted.DestinationPort, quoted.SourcePort);
        if (!quoted.IsFragment && (IsWithPorts(quoted.Protocol) || IsExtension(quoted.Protocol)))
        {
            // The flow has ports, read or cut off; a label would only make it look like another one.
            quoted.Label = 0;
        }
        quoted.Dscp = Dscp;
        this = quoted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWithPorts(byte protocol) =>
        protocol is TransportHeader.Tcp or TransportHeader.Udp or Dccp or Sctp or UdpLite;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsExtension(byte protocol) =>
        protocol is HopByHop or Routing or FragmentHeader or AuthenticationHeader or DestinationOptions;

    private readonly bool IsIcmpError(byte type) => !IsFragment && Protocol switch
    {
        Icmp => Version == 4 && type is (3 or 4 or 5 or 11 or 12),
        IcmpV6 => Version == 6 && type is >= 1 and <= 127,
        _ => false,
    };
}
