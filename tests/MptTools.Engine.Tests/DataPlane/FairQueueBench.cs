using System.Buffers.Binary;
using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>A fair queue and numbered packets that are compared byte by byte when they come out.</summary>
internal sealed unsafe class FairQueueBench : IDisposable
{
    private const byte Untouched = 0xEE;
    private readonly Dictionary<int, Packet> sent = [];
    private readonly byte[] memory = new byte[FairQueue.Headroom + 65_536];
    private readonly Dictionary<ulong, int> waiting = [];
    private (int Packets, int Bytes) dropped;

    internal FairQueueBench(int limit) => Queue = new FairQueue(limit, Chunks);

    /// <summary>A packet that was put into the queue.</summary>
    internal sealed record Packet(int Number, ulong Flow, int Length, int HeaderLength);

    internal ChunkPool Chunks { get; } = new();
    internal FairQueue Queue { get; }

    /// <summary>What was dropped as the queue told it.</summary>
    internal (int Packets, int Bytes) Dropped => dropped;

    /// <summary>Puts a packet in; its last <paramref name="payloadLength"/> bytes come from elsewhere.</summary>
    /// <returns>Its number: 0, 1, 2 and so on.</returns>
    internal int Add(ulong flow, int length, int headerLength = 0, int payloadLength = 0)
    {
        Packet packet = new(sent.Count, flow, length, headerLength);
        sent.Add(packet.Number, packet);
        waiting[flow] = Waiting(flow) + 1;
        byte[] payload = Content(packet)[(headerLength + length - payloadLength)..];
        memory.AsSpan().Fill(Untouched);
        Content(packet)[..^payloadLength].CopyTo(memory.AsSpan(FairQueue.Headroom - headerLength));
        fixed (byte* start = memory, rest = payload)
        {
            WaitingPacket added = new()
            {
                Data = start + FairQueue.Headroom,
                Length = length - payloadLength,
                Flow = flow,
                HeaderLength = headerLength,
                Version = (byte)(packet.Number % 3),
                Ecn = (byte)(packet.Number % 4),
            };
            (int packets, int bytes) = Queue.Add(added, rest, payloadLength);
            dropped = (dropped.Packets + packets, dropped.Bytes + bytes);
        }
        return packet.Number;
    }

    /// <summary>How many packets of a flow were added and not taken; only where nothing was dropped.</summary>
    internal int Waiting(ulong flow) => waiting.GetValueOrDefault(flow);

    /// <summary>Takes a packet, which must be as it was sent, and the one that was promised.</summary>
    internal Packet Take(bool overwriteHeadroom = false)
    {
        Assert.True(Queue.TryPeek(out WaitingPacket promised));
        Assert.True(Queue.TryTake(out WaitingPacket taken));
        Assert.True(promised.Data == taken.Data);
        int number = taken.Length < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(new ReadOnlySpan<byte>(taken.Data, 4));
        Packet packet = sent[number];
        Assert.Equal(packet, new Packet(number, taken.Flow, taken.Length, taken.HeaderLength));
        Assert.Equal((number % 3, number % 4), (taken.Version, taken.Ecn));
        if (overwriteHeadroom && packet.HeaderLength == 0)
        {
            new Span<byte>(taken.Data - FairQueue.Headroom, FairQueue.Headroom).Fill(Untouched);
        }
        Assert.True(
            new ReadOnlySpan<byte>(taken.Data - taken.HeaderLength, taken.HeaderLength + taken.Length).SequenceEqual(Content(packet)),
            $"Packet {number} came out changed.");
        Queue.Return(taken);
        waiting[packet.Flow]--;
        return packet;
    }

    internal void Take(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Take();
        }
    }

    internal List<Packet> TakeAll(bool overwriteHeadroom = false)
    {
        List<Packet> taken = [];
        while (Queue.Count > 0)
        {
            taken.Add(Take(overwriteHeadroom));
        }
        Assert.False(Queue.TryTake(out _));
        Assert.Equal((0, 0), (Queue.Bytes, Chunks.InUse));
        return taken;
    }

    /// <summary>Much traffic of many flows, more than leaves; nothing of it is looked at.</summary>
    internal void Churn(int packets)
    {
        fixed (byte* start = memory)
        {
            WaitingPacket packet = new() { Data = start + FairQueue.Headroom };
            for (int i = 0; i < packets; i++)
            {
                packet.Length = 20 + i * 7919 % 1481;
                packet.Flow = (ulong)(i % 1013);
                Queue.Add(packet, start, i % 100);
                if (i % 3 != 0 && Queue.TryTake(out WaitingPacket taken))
                {
                    Queue.Return(taken);
                }
            }
        }
        Clear();
    }

    /// <summary>The number, then bytes that follow from it.</summary>
    private static byte[] Content(Packet packet)
    {
        byte[] content = new byte[packet.HeaderLength + packet.Length];
        new Random(packet.Number).NextBytes(content);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(packet.HeaderLength), packet.Number);
        return content;
    }

    private void Clear()
    {
        while (Queue.TryTake(out WaitingPacket packet))
        {
            Queue.Return(packet);
        }
    }

    public void Dispose()
    {
        Clear();
        Assert.Equal(0, Chunks.InUse);
        Chunks.Dispose();
    }
}
