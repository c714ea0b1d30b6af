using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// What becomes of packets that are longer than the paths take. The outer packet never becomes a fragment: IPv4 without "don't
/// fragment" is cut before it is encapsulated (RFC 8086 section 4.1), of anything else the sender is told what fits.
/// </summary>
internal sealed unsafe partial class Uplink
{
    private readonly TooBigAnswers answers = new();

    private void TakeTooLong(TunnelReader reader, ConnectionRuntime connection, byte* packet, int length, int version)
    {
        ReadOnlySpan<byte> bytes = new(packet, length);
        if (version == 4 && !IPHeader.DontFragment(bytes))
        {
            int headerLength = Math.Min((packet[0] & 0x0F) * 4, length);
            Spread spread = connection.Mapping.Find(bytes, out Flow flow);
            TakeInFragments(connection, spread, flow, packet, headerLength, packet + headerLength, length - headerLength);
            return;
        }
        answers.Answer(reader, connection, bytes, default, connection.Size.LargestInner, now);
        connection.SendDrops.Add(DropReason.TooBig);
    }

    /// <summary>A packet that stands for many, of which all or all but the last are too long.</summary>
    private void TakeTooLongSegments(
        TunnelReader reader, ConnectionRuntime connection, byte* packet, in SegmentPlan plan)
    {
        byte* header = stackalloc byte[Segmentation.MaximumHeaderLength];
        Spread spread = connection.Mapping.Find(new ReadOnlySpan<byte>(packet, plan.HeaderLength), out Flow flow);
        bool mayCut = plan.IsIPv4 && !IPHeader.DontFragment(new ReadOnlySpan<byte>(packet, IPHeader.MinimumLengthIPv4));
        for (int i = 0; i < plan.Count; i++)
        {
            int headerLength = Segmentation.WriteSegment(plan, packet, i, header, out byte* payload, out int payloadLength);
            reader.Read.Add(headerLength + payloadLength);
            if (mayCut)
            {
                TakeInFragments(connection, spread, flow, header, headerLength, payload, payloadLength);
                continue;
            }
            if (i == 0)
            {
                // One message tells the sender of all of them.
                answers.Answer(
                    reader, connection, new ReadOnlySpan<byte>(header, headerLength), new ReadOnlySpan<byte>(payload, payloadLength),
                    connection.Size.LargestInner, now);
            }
            connection.SendDrops.Add(DropReason.TooBig);
        }
    }

    /// <summary>
    /// Sends an IPv4 packet in fragments, each with a number of its own. They are mapped as the whole packet is: nobody who is to put
    /// them together gets them by paths that the rest of their flow does not take.
    /// </summary>
    private void TakeInFragments(
        ConnectionRuntime connection, Spread spread, in Flow flow, byte* head, int headLength, byte* payload, int payloadLength)
    {
        bool canBeCut = Fragmentation.TryPlan(
            new ReadOnlySpan<byte>(head, headLength), payloadLength, connection.Size.LargestInner, out FragmentPlan plan);
        uint up = connection.UpPaths;
        // Fragments must travel with UDP checksums (RFC 8086 section 4.1).
        if (!canBeCut || (plan.Count > 1 ? up & connection.ChecksummedPaths : up) == 0)
        {
            connection.SendDrops.Add(up == 0 ? DropReason.NoPathUp : DropReason.TooBig);
            return;
        }
        connection.Fragmented += plan.Count == 1 ? 0 : 1;
        Inner inner = new() { Version = 4, Ecn = OuterEcn(connection, head, headLength) };
        for (int i = 0; i < plan.Count; i++)
        {
            MakeRoom(connection);
            inner.Header = headers + (long)queued * HeaderSize + Gre.MaximumLength;
            inner.HeaderLength = Fragmentation.WriteFragment(plan, head, headLength, payload, i, inner.Header, out inner.Payload, out inner.PayloadLength);
            Route(connection, spread, flow, plan.Count == 1 ? uint.MaxValue : connection.ChecksummedPaths, inner);
        }
    }
}
