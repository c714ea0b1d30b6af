using System.Buffers.Binary;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Anything may come from a path: nothing of it stops the receiving side, and every datagram is accounted for.</summary>
public class HostileDatagramTests
{
    private const int Seed = 8086;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10_000)]
    public void EveryDatagramIsCounted(int window)
    {
        Random random = new(Seed + window);
        using TunnelBench bench = TunnelBench.With(paths: 3, window);
        CapturedDatagram[] captured = [.. Captures.Datagrams("r100-sha256"), .. Captures.Datagrams("v6")];
        long sent = 0, written = 0;
        for (int round = 0; round < 150; round++)
        {
            bench.Now += TimeSpan.FromMilliseconds(random.Next(60));
            (int, byte[])[] datagrams = new (int, byte[])[random.Next(1, 60)];
            for (int i = 0; i < datagrams.Length; i++)
            {
                datagrams[i] = (random.Next(3), Make(random, captured));
            }
            try
            {
                written += bench.Deliver(datagrams).Count;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Round {round}, seed {Seed + window}: {e.Message}", e);
            }
            sent += datagrams.Length;
            Assert.Equal(sent, bench.Taken);
        }
        while (bench.Deadline is { } deadline)
        {
            bench.Now = deadline;
            written += bench.Deliver().Count;
        }

        ConnectionRuntime connection = bench.Connection;
        long dropped = connection.ReceiveDrops[DropReason.OrderLate] + connection.ReceiveDrops[DropReason.OrderDuplicate];
        Assert.Equal(connection.Paths.Sum(path => path.Received.Packets), connection.Delivered.Packets + dropped);
        Assert.Equal(written, connection.Delivered.Packets);
        Assert.Equal(written, bench.Tunnel.Writers[0].Written.Packets + bench.Tunnel.Writers[0].Drops.Total);
        Assert.True(written > 500, $"Only {written} packets came out: the test looks at little.");
        Assert.Equal(0, bench.ChunksInUse);
        foreach (DropReason reason in (DropReason[])[DropReason.GreTooShort, DropReason.GreVersion, DropReason.GreReservedBits,
            DropReason.GreProtocol, DropReason.InnerNotIP, DropReason.InnerLength, DropReason.UnknownControl])
        {
            Assert.True(connection.Paths.Sum(path => path.ReceiveDrops[reason]) > 0, $"Nothing was dropped for {reason}.");
        }
    }

    private static byte[] Make(Random random, CapturedDatagram[] captured)
    {
        byte[] bytes;
        switch (random.Next(4))
        {
            case 0:
                bytes = new byte[random.Next(200)];
                random.NextBytes(bytes);
                return bytes;
            case 1:
                // Behind a header that is right.
                bytes = new byte[random.Next(8, 200)];
                random.NextBytes(bytes);
                BinaryPrimitives.WriteUInt32BigEndian(bytes, random.Next(2) == 0 ? 0x0000_0800u : 0x1000_86DDu);
                return bytes;
            case 2:
                bytes = [.. captured[random.Next(captured.Length)].Payload];
                for (int change = random.Next(4); change > 0; change--)
                {
                    bytes[random.Next(Math.Min(bytes.Length, 60))] = (byte)random.Next(256);
                }
                return bytes[..random.Next(bytes.Length / 2, bytes.Length + 1)];
            default:
                // A packet with any number at all.
                uint number = random.Next(3) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)random.Next(300);
                return Gre(ToA(number), number);
        }
    }
}
