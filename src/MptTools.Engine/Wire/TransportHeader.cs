namespace MptTools.Engine.Wire;

/// <summary>Where the fields of TCP (RFC 9293) and UDP (RFC 768) headers are.</summary>
internal static class TransportHeader
{
    /// <summary>The protocol number of TCP.</summary>
    internal const byte Tcp = 6;
    /// <summary>The protocol number of UDP.</summary>
    internal const byte Udp = 17;

    /// <summary>Length in bytes of a TCP header without options.</summary>
    internal const int MinimumLengthTcp = 20;
    /// <summary>Length in bytes of a UDP header.</summary>
    internal const int LengthUdp = 8;

    /// <summary>Offset in bytes of the sequence number in a TCP header.</summary>
    internal const int TcpSequence = 4;
    /// <summary>Offset in bytes of the data offset in a TCP header; the flags are in the byte behind it.</summary>
    internal const int TcpDataOffset = 12;
    /// <summary>Offset in bytes of the flags in a TCP header.</summary>
    internal const int TcpFlags = 13;
    /// <summary>Offset in bytes of the checksum in a TCP header.</summary>
    internal const int TcpChecksum = 16;
    /// <summary>Offset in bytes of the length in a UDP header.</summary>
    internal const int UdpLength = 4;
    /// <summary>Offset in bytes of the checksum in a UDP header.</summary>
    internal const int UdpChecksum = 6;

    /// <summary>TCP flag: the sender has no more data.</summary>
    internal const byte Fin = 0x01;
    /// <summary>TCP flag: pass the data on to the application now.</summary>
    internal const byte Psh = 0x08;
    /// <summary>TCP flag: the acknowledgment number counts.</summary>
    internal const byte Ack = 0x10;
    /// <summary>TCP flag: the sender has slowed down (RFC 3168).</summary>
    internal const byte Cwr = 0x80;

    /// <summary>The partial sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1) of a packet without routing header.</summary>
    /// <param name="addresses">Source and destination, 8 or 32 bytes.</param>
    /// <param name="protocol">The protocol number.</param>
    /// <param name="length">Length in bytes of transport header and payload, at most 65,535.</param>
    internal static uint PseudoHeaderSum(ReadOnlySpan<byte> addresses, byte protocol, int length) =>
        InternetChecksum.Add(addresses, (uint)(protocol + length));
}
