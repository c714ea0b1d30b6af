using System.Buffers.Binary;

namespace MptTools.Engine.Tests.Wire;

/// <summary>IPv4 fragments as RFC 791 section 3.2 has them, put together byte by byte, with all that must hold of each checked.</summary>
internal static class SlowReassembly
{
    private const int MoreFragments = 0x2000, OffsetMask = 0x1FFF;

    /// <summary>The packet that the fragments were cut from.</summary>
    /// <param name="fragments">In order.</param>
    /// <param name="largest">No fragment may be longer.</param>
    internal static byte[] Join(IReadOnlyList<byte[]> fragments, int largest)
    {
        byte[] first = fragments[0];
        int start = Offset(first);
        List<byte> payload = [];
        for (int i = 0; i < fragments.Count; i++)
        {
            byte[] fragment = fragments[i];
            int headerLength = HeaderLength(fragment);
            Assert.True(fragment.Length <= largest || fragments.Count == 1, $"Fragment {i} has {fragment.Length} bytes, {largest} fit.");
            Assert.Equal(0x40, fragment[0] & 0xF0);
            Assert.Equal(fragment.Length, Word(fragment, 2));
            Assert.Equal(0, PlainChecksum.Of(fragment.AsSpan(0, headerLength)));
            Assert.Equal(start + payload.Count, Offset(fragment));
            // All but lengths, flags, offset, checksum and options are one.
            Assert.Equal(first[1], fragment[1]);
            Assert.Equal(first[4..6], fragment[4..6]);
            Assert.Equal(first[6] & 0xC0, fragment[6] & 0xC0);
            Assert.Equal(first[8..10], fragment[8..10]);
            Assert.Equal(first[12..20], fragment[12..20]);
            if (i > 0)
            {
                Assert.Equal(CopiedOptions(first), fragment[20..headerLength]);
            }
            if (i < fragments.Count - 1)
            {
                Assert.NotEqual(0, Word(fragment, 6) & MoreFragments);
                Assert.Equal(0, (fragment.Length - headerLength) % 8);
                Assert.True(fragment.Length > headerLength, "A fragment is empty.");
            }
            payload.AddRange(fragment[headerLength..]);
        }
        byte[] packet = [.. first[..HeaderLength(first)], .. payload];
        int flags = Word(first, 6) & ~MoreFragments | Word(fragments[^1], 6) & MoreFragments;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)flags);
        packet.AsSpan(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, HeaderLength(first))));
        return packet;
    }

    /// <summary>The options of fragments behind the first: those with the copied flag, padded with "end of options".</summary>
    private static byte[] CopiedOptions(byte[] packet)
    {
        List<byte> copied = [];
        byte[] options = packet[20..HeaderLength(packet)];
        int i = 0;
        while (i < options.Length && options[i] != 0)
        {
            if (options[i] == 1)
            {
                i++;
                continue;
            }
            if (i + 1 == options.Length || options[i + 1] < 2 || i + options[i + 1] > options.Length)
            {
                break;
            }
            if (options[i] >= 128)
            {
                copied.AddRange(options[i..(i + options[i + 1])]);
            }
            i += options[i + 1];
        }
        while (copied.Count % 4 != 0)
        {
            copied.Add(0);
        }
        return [.. copied];
    }

    private static int HeaderLength(byte[] packet) => (packet[0] & 0x0F) * 4;

    private static int Offset(byte[] packet) => (Word(packet, 6) & OffsetMask) * 8;

    private static int Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));
}
