using System.Buffers.Binary;
using FsCheck.Fluent;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class GreTests
{
    [Fact]
    public void AHeaderWithoutOptionsIsFourBytes()
    {
        Span<byte> written = stackalloc byte[Gre.BaseLength];
        Gre.Write(written, Gre.ProtocolIPv6);
        Assert.Equal("000086DD", Convert.ToHexString(written));
    }

    [Fact]
    public void ASequenceNumberSetsTheSBit()
    {
        Span<byte> written = stackalloc byte[Gre.SequencedLength];
        Gre.WriteSequenced(written, Gre.ProtocolIPv4, 0xFFFFFFFE);
        Assert.Equal("10000800FFFFFFFE", Convert.ToHexString(written));
    }

    [Fact]
    public void AKeyAndASequenceNumberSetTheirBits()
    {
        byte[] written = Enumerable.Repeat((byte)0xAA, Gre.KeyedLength + 1).ToArray();
        Gre.WriteKeyed(written, Gre.ProtocolIPv6, 0xDEADBEEF, 0xFFFFFFFE);
        Assert.Equal("300086DDDEADBEEFFFFFFFFEAA", Convert.ToHexString(written));
    }

    [Fact]
    public void AWrittenKeyIsRead() => PropertyCheck.Holds(
        from key in PropertyCheck.AnyUInt32
        from sequence in PropertyCheck.AnyUInt32
        from version in Gen.Elements(4, 6)
        select (key, sequence, version),
        input =>
        {
            Span<byte> written = stackalloc byte[Gre.KeyedLength];
            Gre.WriteKeyed(written, Gre.ProtocolFor(input.version), input.key, input.sequence);
            return Gre.TryParse(written, out GreHeader header) == GreError.None
                && header.HasKey && header.Key == input.key
                && header.HasSequence && header.Sequence == input.sequence
                && header.Protocol == Gre.ProtocolFor(input.version)
                && header.Length == Gre.KeyedLength;
        });

    [Fact]
    public void WhatIsWrittenIsRead() => PropertyCheck.Holds(
        from sequence in PropertyCheck.OrNull(PropertyCheck.AnyUInt32)
        from version in Gen.Elements(4, 6)
        select (sequence, version),
        input =>
        {
            Span<byte> written = stackalloc byte[Gre.SequencedLength];
            int length = input.sequence.HasValue ? Gre.SequencedLength : Gre.BaseLength;
            if (input.sequence is { } number)
            {
                Gre.WriteSequenced(written, Gre.ProtocolFor(input.version), number);
            }
            else
            {
                Gre.Write(written, Gre.ProtocolFor(input.version));
            }

            return Gre.TryParse(written[..length], out GreHeader header) == GreError.None
                && header.HasSequence == input.sequence.HasValue
                && header.Sequence == input.sequence.GetValueOrDefault()
                && header.Protocol == Gre.ProtocolFor(input.version)
                && header.Length == length
                && !header.HasKey && header.Key == 0;
        });

    [Theory]
    [InlineData("00000800", 4, null, null)]
    [InlineData("100086DD00000007", 8, null, 7u)]
    [InlineData("20000800DEADBEEF", 8, 0xDEADBEEFu, null)]
    [InlineData("30000800DEADBEEF80000001", 12, 0xDEADBEEFu, 0x80000001u)]
    public void KeyAndSequenceNumberAreRead(string hex, int length, uint? key, uint? sequence)
    {
        byte[] datagram = [.. Convert.FromHexString(hex), 0x45, 0x00];
        Assert.Equal(GreError.None, Gre.TryParse(datagram, out GreHeader header));
        Assert.Equal(length, header.Length);
        Assert.Equal(key, header.HasKey ? header.Key : null);
        Assert.Equal(sequence, header.HasSequence ? header.Sequence : null);
    }

    [Theory]
    [InlineData(0x8000, 8)]
    [InlineData(0xA000, 12)]
    [InlineData(0x9000, 12)]
    [InlineData(0xB000, 16)]
    public void AChecksumCoversHeaderAndPayload(int flags, int length)
    {
        byte[] datagram = new byte[length + 23];
        for (int i = 4; i < datagram.Length; i++)
        {
            datagram[i] = (byte)(i * 37 + 11);
        }

        BinaryPrimitives.WriteUInt16BigEndian(datagram, (ushort)flags);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), Gre.ProtocolIPv4);
        datagram.AsSpan(4, 4).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), PlainChecksum.Of(datagram));

        Assert.Equal(GreError.None, Gre.TryParse(datagram, out GreHeader header));
        Assert.Equal(length, header.Length);
        int key = 8, sequence = (flags & 0x2000) != 0 ? 12 : 8;
        Assert.Equal((flags & 0x2000) != 0 ? BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(key)) : 0, header.Key);
        Assert.Equal(
            (flags & 0x1000) != 0 ? BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(sequence)) : 0, header.Sequence);
        for (int i = 2; i < datagram.Length; i++)
        {
            datagram[i] ^= 0x10;
            Assert.Equal(GreError.ChecksumMismatch, Gre.TryParse(datagram, out _));
            datagram[i] ^= 0x10;
        }
    }

    [Fact]
    public void EveryBitOfTheFlagsIsTreatedAsTheStandardsSay()
    {
        for (int bit = 0; bit < 16; bit++)
        {
            byte[] datagram = new byte[Gre.MaximumLength];
            BinaryPrimitives.WriteUInt16BigEndian(datagram, (ushort)(0x8000 >> bit));
            BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), Gre.ProtocolIPv4);
            GreError expected = bit switch
            {
                0 => GreError.ChecksumMismatch, // C: a checksum of zero is not the right one here
                2 or 3 => GreError.None, // K and S (RFC 2890)
                1 or 4 or 5 => GreError.ReservedBits, // must be discarded (RFC 2784 section 2.3)
                <= 12 => GreError.None, // must be ignored (RFC 2784 section 2.3)
                _ => GreError.UnsupportedVersion,
            };
            Assert.Equal((bit, expected), (bit, Gre.TryParse(datagram, out _)));
        }
    }

    [Theory]
    [InlineData("00000806")]
    [InlineData("00006558")]
    [InlineData("0000880B")]
    public void OtherProtocolsAreUnknown(string hex) =>
        Assert.Equal(GreError.UnknownProtocol, Gre.TryParse(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData("00000800")]
    [InlineData("1000080000000001")]
    [InlineData("2000080000000001")]
    [InlineData("300008000000000100000002")]
    [InlineData("B0000800000000000000000100000002")]
    public void ACutOffHeaderIsTooShort(string hex)
    {
        byte[] header = Convert.FromHexString(hex);
        for (int length = 0; length < header.Length; length++)
        {
            Assert.Equal(GreError.TooShort, Gre.TryParse(header.AsSpan(0, length), out _));
        }
    }
}
