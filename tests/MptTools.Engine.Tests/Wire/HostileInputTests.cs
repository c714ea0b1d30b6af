using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

/// <summary>Anything may arrive at an open UDP port: no parser throws, and none looks beyond the bytes it was given.</summary>
public class HostileInputTests
{
    private const int Seed = 8086;
    private const int Rounds = 20_000;
    private const int Margin = 600;

    [Fact]
    public void RandomBytesAreAnswered()
    {
        var random = new Random(Seed);
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = new byte[random.Next(700)];
            random.NextBytes(bytes);
            Nudge(random, bytes);
            ParseAll(bytes, $"seed {Seed}, round {round}");
        }
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void EveryCutOfEveryCapturedDatagramIsAnswered(string scenario)
    {
        foreach (CapturedDatagram datagram in Captures.Datagrams(scenario).DistinctBy(datagram => Convert.ToHexString(datagram.Payload)))
        {
            for (int length = 0; length <= datagram.Payload.Length; length++)
            {
                ParseAll(datagram.Payload[..length], $"{length} bytes of {datagram}");
            }
        }
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void EveryCapturedDatagramWithRandomChangesIsAnswered(string scenario)
    {
        var random = new Random(Seed);
        foreach (CapturedDatagram datagram in Captures.Datagrams(scenario))
        {
            for (int round = 0; round < 20; round++)
            {
                byte[] bytes = [.. datagram.Payload];
                for (int change = random.Next(1, 5); change > 0; change--)
                {
                    bytes[random.Next(Math.Min(bytes.Length, 60))] = (byte)random.Next(256);
                }

                ParseAll(bytes, $"{datagram}, seed {Seed}, round {round}");
            }
        }
    }

    /// <summary>Makes random bytes resemble messages, or nothing would get past the first check.</summary>
    private static void Nudge(Random random, byte[] bytes)
    {
        if (bytes.Length < 60)
        {
            return;
        }

        byte[] start = random.Next(6) switch
        {
            0 => [0x00, 0x00, 0x08, 0x00],
            1 => [(byte)(random.Next(16) << 4 & 0xB0), 0x00, 0x86, 0xDD],
            2 => [(byte)(0x40 | random.Next(16))],
            3 => [(byte)(0x60 | random.Next(16))],
            4 => [0xA1],
            _ => [],
        };
        start.CopyTo(bytes, 0);
        if (start is [0xA1])
        {
            "MptT\u0001"u8.CopyTo(bytes.AsSpan(Keepalive.BodyLength));
            for (int offset = 45; offset + 2 < bytes.Length && random.Next(10) != 0; offset += 2 + bytes[offset + 1])
            {
                bytes[offset] = (byte)(random.Next(5) == 0 ? 127 : random.Next(1, 9));
                bytes[offset + 1] = bytes[offset] switch
                {
                    1 or 2 => 4,
                    3 => 16,
                    4 => 8,
                    5 or 7 => 19,
                    6 => 3,
                    127 => 32,
                    _ => bytes[offset + 1],
                };
            }
        }
    }

    private static void ParseAll(byte[] bytes, string what)
    {
        // The same bytes amid zeros and amid ones: whoever reads outside gets two answers.
        byte[] amidZeros = new byte[bytes.Length + 2 * Margin];
        byte[] amidOnes = new byte[bytes.Length + 2 * Margin];
        Array.Fill(amidOnes, (byte)0xFF);
        bytes.CopyTo(amidZeros, Margin);
        bytes.CopyTo(amidOnes, Margin);
        try
        {
            Assert.Equal(
                Answers(amidZeros.AsSpan(Margin, bytes.Length)), Answers(amidOnes.AsSpan(Margin, bytes.Length)));
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {exception}");
        }
    }

    private static (object, object, object, object, object) Answers(Span<byte> bytes)
    {
        GreError gre = Gre.TryParse(bytes, out GreHeader header);
        Assert.InRange(header.Length, 0, Math.Min(bytes.Length, Gre.MaximumLength));
        PacketFields.TryRead(bytes, out PacketFields flow);
        Assert.Equal(gre == GreError.None, header.Length >= Gre.BaseLength);

        GreError inner = InnerPacket.Check(bytes, out int version);
        bool hasAddresses = IPHeader.TryReadAddresses(bytes, out _, out UInt128 source, out UInt128 destination);
        object fields = 0;
        if (inner == GreError.None)
        {
            // Whatever passed the check can be asked for its fields and be marked.
            Assert.True(hasAddresses);
            Assert.InRange(IPHeader.TotalLength(bytes), 20, bytes.Length);
            fields = (IPHeader.Source(bytes).Length, IPHeader.Destination(bytes).Length, IPHeader.GetEcn(bytes));
            IPHeader.SetEcn(bytes, (byte)(IPHeader.GetEcn(bytes) ^ 1));
            IPHeader.SetEcn(bytes, (byte)(IPHeader.GetEcn(bytes) ^ 1));
        }

        KeepaliveStatus plain = Keepalive.TryParse(bytes, default, out KeepaliveInfo info);
        KeepaliveStatus keyed = Keepalive.TryParse(bytes, "key"u8, out _);
        return ((gre, header), (inner, version, fields), (hasAddresses, source, destination), (plain, info, keyed), flow);
    }
}
