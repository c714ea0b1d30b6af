using System.Buffers.Binary;

namespace MptTools.Engine.Tests.Wire;

/// <summary>
/// Cuts a large packet the slow and simple way: every segment is a copy of the headers with its piece of the payload, and
/// every checksum is computed from all the bytes it covers. The large packet's own checksums are not looked at.
/// </summary>
public static class ReferenceSegmenter
{
    public static List<byte[]> Cut(byte[] packet, int segmentSize)
    {
        (int transport, int payload) = Offsets(packet);
        List<byte[]> segments = [];
        for (int offset = payload; offset < packet.Length || segments.Count == 0; offset += segmentSize)
        {
            byte[] segment = [.. packet[..payload], .. packet.Skip(offset).Take(segmentSize)];
            bool isLast = offset + segmentSize >= packet.Length;
            Finish(segment, transport, number: segments.Count, sent: offset - payload, isLast);
            segments.Add(segment);
        }

        return segments;
    }

    /// <summary>Where the transport header and the payload of a TCP or UDP packet begin.</summary>
    public static (int Transport, int Payload) Offsets(byte[] packet)
    {
        int transport = (packet[0] & 15) * 4;
        int protocol = packet[9];
        if (packet[0] >> 4 == 6)
        {
            transport = 40;
            for (protocol = packet[6]; protocol is not (6 or 17); transport += packet[transport + 1] * 8 + 8)
            {
                protocol = packet[transport];
            }
        }

        return (transport, transport + (protocol == 17 ? 8 : packet[transport + 12] / 16 * 4));
    }

    private static void Finish(byte[] segment, int transport, int number, int sent, bool isLast)
    {
        bool isIPv6 = segment[0] >> 4 == 6;
        if (isIPv6)
        {
            Put(segment, 4, segment.Length - 40);
        }
        else
        {
            Put(segment, 2, segment.Length);
            Put(segment, 4, Get(segment, 4) + number);
            Put(segment, 10, 0);
            Put(segment, 10, PlainChecksum.Of(segment.AsSpan(0, transport)));
        }

        int length = segment.Length - transport;
        bool isUdp = Offsets(segment).Payload == transport + 8;
        if (isUdp)
        {
            Put(segment, transport + 4, length);
        }
        else
        {
            Span<byte> sequence = segment.AsSpan(transport + 4, 4);
            BinaryPrimitives.WriteUInt32BigEndian(sequence, BinaryPrimitives.ReadUInt32BigEndian(sequence) + (uint)sent);
            if (number > 0)
            {
                segment[transport + 13] &= 0b0111_1111;
            }

            if (!isLast)
            {
                segment[transport + 13] &= 0b1111_0110;
            }
        }

        int field = transport + (isUdp ? 6 : 16);
        Put(segment, field, 0);
        byte[] addresses = isIPv6 ? segment[8..40] : segment[12..20];
        byte[] covered = [.. addresses, 0, (byte)(isUdp ? 17 : 6), (byte)(length >> 8), (byte)length, .. segment[transport..]];
        ushort checksum = PlainChecksum.Of(covered);
        Put(segment, field, isUdp && checksum == 0 ? 0xFFFF : checksum);
    }

    private static int Get(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));

    private static void Put(byte[] bytes, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)value);
}
