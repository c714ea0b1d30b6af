using System.Buffers.Binary;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class InternetChecksumTests
{
    private const int Seed = 1071;

    [Fact]
    public void TheExampleOfRfc1071() =>
        Assert.Equal(0x220D, InternetChecksum.Compute([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]));

    [Fact]
    public void TheExampleOfRfc1624() =>
        Assert.Equal(0x0000, InternetChecksum.Update(checksum: 0xDD2F, before: 0x5555, after: 0x3285));

    [Fact]
    public void EveryLengthEqualsTheReference()
    {
        // Each length of the scalar and vector tails at each alignment, with and without carries.
        byte[] random = RandomBytes(600);
        byte[] ones = [.. Enumerable.Repeat((byte)0xFF, 600)];
        foreach (byte[] bytes in (byte[][])[random, ones, new byte[600]])
        {
            for (int start = 0; start < 40; start++)
            {
                for (int length = 0; length <= 300; length++)
                {
                    AssertEqualsReference(bytes.AsSpan(start, length));
                }
            }
        }
    }

    [Theory]
    [InlineData(1500)]
    [InlineData(65_535)]
    [InlineData(1_000_001)]
    public void LongMessagesEqualTheReference(int length)
    {
        AssertEqualsReference(RandomBytes(length));
        AssertEqualsReference(Enumerable.Repeat((byte)0xFF, length).ToArray());
    }

    [Fact]
    public void PiecesOfEvenLengthAddUp()
    {
        byte[] bytes = RandomBytes(1001);
        for (int cut = 0; cut < bytes.Length; cut += 2)
        {
            uint sum = InternetChecksum.Add(bytes.AsSpan(cut), InternetChecksum.Add(bytes.AsSpan(0, cut), 0));
            Assert.Equal(PlainChecksum.Of(bytes), (ushort)~InternetChecksum.Fold(sum));
        }
    }

    [Fact]
    public void WordsMayBeAddedAsNumbers()
    {
        byte[] bytes = RandomBytes(64);
        uint sum = InternetChecksum.Add(bytes.AsSpan(2), BinaryPrimitives.ReadUInt16BigEndian(bytes));
        Assert.Equal(PlainChecksum.Of(bytes), (ushort)~InternetChecksum.Fold(sum));
    }

    [Fact]
    public void AMessageWithItsChecksumGivesZero()
    {
        byte[] bytes = RandomBytes(50);
        bytes.AsSpan(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), InternetChecksum.Compute(bytes));
        Assert.Equal(0, InternetChecksum.Compute(bytes));
    }

    [Fact]
    public void AnUpdateEqualsComputingAgain() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt64,
        random =>
        {
            // A word that is never zero, as the version of an IP header, keeps the sum from being zero in both forms.
            Span<byte> message = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(message, random | 1);
            ushort checksum = InternetChecksum.Compute(message);
            ushort before = BinaryPrimitives.ReadUInt16BigEndian(message);
            ushort after = (ushort)(before ^ random >> 16);
            BinaryPrimitives.WriteUInt16BigEndian(message, after);
            return InternetChecksum.Update(checksum, before, after) == InternetChecksum.Compute(message);
        });

    private static void AssertEqualsReference(ReadOnlySpan<byte> bytes)
    {
        ushort expected = PlainChecksum.Of(bytes);
        Assert.Equal(expected, InternetChecksum.Compute(bytes));

        // Whichever of the two this processor uses, the other one must be right as well.
        Assert.Equal(expected, Finish(InternetChecksum.SumScalar(bytes)));
        Assert.Equal(expected, Finish(InternetChecksum.SumVector(bytes)));
    }

    private static ushort Finish(ulong sum)
    {
        ushort folded = (ushort)(sum == 0 ? 0 : sum % 0xFFFF == 0 ? 0xFFFF : sum % 0xFFFF);
        return (ushort)~(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded);
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(Seed).NextBytes(bytes);
        return bytes;
    }
}
