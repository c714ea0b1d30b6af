using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>A packet that waits for a path.</summary>
internal unsafe struct WaitingPacket
{
    /// <summary>The first byte of the inner IP header. In the queue there is room for a GRE header of any kind right before it.</summary>
    internal byte* Data;
    /// <summary>What packets of one flow have in common; packets of one value leave in the order in which they came.</summary>
    internal ulong Flow;
    /// <summary>What packets have in common that must take one path; not the queue's affair.</summary>
    internal ulong PathFlow;
    /// <summary>Its length in bytes, without the GRE header.</summary>
    internal int Length;
    /// <summary>The length of the GRE header that stands before <see cref="Data"/> already; 0 where it is written when the packet leaves.</summary>
    internal int HeaderLength;
    /// <summary>The IP version.</summary>
    internal byte Version;
    /// <summary>The ECN field of the outer header.</summary>
    internal byte Ecn;
}

/// <summary>
/// Packets that wait for a path that has no room: deficit round robin over the flows, those with little to send first (RFC 8290 without
/// CoDel, whose part the rate limit's short queue plays). A call or a ping is not held up by what downloads have piled up.
/// </summary>
/// <remarks>
/// Nothing is allocated here: packets are copied into chunks, which hold the lists too. Used by one thread at a time.
/// </remarks>
internal sealed unsafe class FairQueue
{
    /// <summary>So many bytes before a packet are its GRE header's.</summary>
    internal const int Headroom = Gre.MaximumLength;

    /// <summary>A turn of a flow: a packet of Ethernet's size, as RFC 8290 has it.</summary>
    internal const int Quantum = 1514;

    /// <summary>A packet fills the queue by at least so much: many small ones would take twenty times the memory that the limit stands for.</summary>
    internal const int SmallestCounted = 128;

    private const int BucketCount = 256;
    private const int None = -1;
    private const long LongestQueue = 64 * 1024 * 1024;

    private readonly ChunkPool chunks;
    private readonly Bucket[] buckets = new Bucket[BucketCount];
    // How much of the limit the packets of each bucket take, side by side: all are compared for each packet that is dropped.
    private readonly int[] filled = new int[BucketCount];
    private BucketList newFlows = new(), oldFlows = new();

    /// <summary>The start of a chunk; room for the GRE header and the packet follow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Node
    {
        internal Node* Next;
        internal WaitingPacket Packet;
    }

    private struct Bucket
    {
        internal Node* First, Last;
        internal int Deficit;
        internal int NextInList;
        internal bool IsListed;
    }

    private struct BucketList()
    {
        internal int First = None, Last = None;
    }

    /// <param name="limitBytes">See <see cref="Limit"/>.</param>
    /// <param name="chunks">Memory for what waits; of the same thread.</param>
    internal FairQueue(int limitBytes, ChunkPool chunks)
    {
        Limit = limitBytes;
        this.chunks = chunks;
    }

    /// <summary>Bytes that may wait. When it is lowered, what is too much goes with the next packet that is added.</summary>
    internal int Limit { get; set; }

    /// <summary>Packets that wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Their bytes, without GRE headers.</summary>
    internal int Bytes { get; private set; }

    /// <summary>How much of <see cref="Limit"/> that takes.</summary>
    internal int Filled { get; private set; }

    /// <summary>The limit that suits a rate: 50 ms of it, at least two packets of Ethernet's size, at most 64 MiB.</summary>
    /// <param name="bitsPerSecond">A path's rate limit.</param>
    internal static int LimitFor(long bitsPerSecond) => (int)Math.Clamp(bitsPerSecond / 8 / 20, 2 * Quantum, LongestQueue);

    /// <summary>
    /// Copies a packet to the end of its flow. Where that is too much for the queue, the oldest packets of the flow that fills it most
    /// are dropped; one packet may always wait, however long it is.
    /// </summary>
    /// <param name="packet">
    /// With the first <see cref="WaitingPacket.Length"/> bytes of it at <see cref="WaitingPacket.Data"/>, and the
    /// <see cref="WaitingPacket.HeaderLength"/> bytes of its GRE header right before.
    /// </param>
    /// <param name="payload">The rest of it, where it lies in two pieces.</param>
    /// <param name="payloadLength">The rest's length.</param>
    /// <returns>How many packets were dropped, and their bytes.</returns>
    internal (int Packets, int Bytes) Add(in WaitingPacket packet, byte* payload = null, int payloadLength = 0)
    {
        int length = packet.Length + payloadLength;
        Node* node = (Node*)chunks.Rent(sizeof(Node) + Headroom + length);
        byte* data = (byte*)(node + 1) + Headroom;
        int header = packet.HeaderLength;
        Unsafe.CopyBlockUnaligned(data - header, packet.Data - header, (uint)(header + packet.Length));
        Unsafe.CopyBlockUnaligned(data + packet.Length, payload, (uint)payloadLength);
        node->Next = null;
        node->Packet = packet;
        node->Packet.Data = data;
        node->Packet.Length = length;

        int index = BucketOf(packet.Flow);
        ref Bucket bucket = ref buckets[index];
        if (bucket.First == null)
        {
            bucket.First = node;
        }
        else
        {
            bucket.Last->Next = node;
        }
        bucket.Last = node;
        if (!bucket.IsListed)
        {
            bucket.IsListed = true;
            bucket.Deficit = Quantum;
            Append(ref newFlows, index);
        }
        Count++;
        Bytes += length;
        filled[index] += Counted(length);
        Filled += Counted(length);
        return Filled > Limit ? DropUntilItFits() : default;
    }

    /// <summary>The packet that leaves next, which stays; as long as none is added.</summary>
    internal bool TryPeek(out WaitingPacket packet)
    {
        int index = NextBucket();
        packet = index == None ? default : buckets[index].First->Packet;
        return index != None;
    }

    /// <summary>Takes the packet that leaves next out of the queue.</summary>
    /// <param name="packet">To be given back (<see cref="Return"/>) when it has been sent.</param>
    /// <returns>False when none waits.</returns>
    internal bool TryTake(out WaitingPacket packet)
    {
        int index = NextBucket();
        if (index == None)
        {
            packet = default;
            return false;
        }
        packet = RemoveFirst(index)->Packet;
        buckets[index].Deficit -= packet.Length;
        return true;
    }

    /// <summary>Gives the memory of a packet back that was taken.</summary>
    internal void Return(in WaitingPacket packet) => chunks.Return(packet.Data - Headroom - sizeof(Node));

    /// <summary>By the upper bits of a product: whoever chose the path by the flow may have left only few of its bits different.</summary>
    internal static int BucketOf(ulong flow) => (int)(flow * 0x9E37_79B9_7F4A_7C15 >> 56);

    /// <summary>How much of <see cref="Limit"/> a packet takes.</summary>
    internal static int Counted(int length) => Math.Max(length, SmallestCounted);

    /// <summary>The bucket whose turn it is (RFC 8290 section 4.2); it has a packet. None when no packet waits.</summary>
    private int NextBucket()
    {
        while (newFlows.First != None || oldFlows.First != None)
        {
            bool isNew = newFlows.First != None;
            ref BucketList list = ref isNew ? ref newFlows : ref oldFlows;
            int index = list.First;
            ref Bucket bucket = ref buckets[index];
            if (bucket.Deficit <= 0)
            {
                bucket.Deficit += Quantum;
                RemoveFirst(ref list);
                Append(ref oldFlows, index);
            }
            else if (bucket.First != null)
            {
                return index;
            }
            else
            {
                // A new flow that has nothing more goes through the old ones once: it cannot stay a new one by sending one packet at a time.
                RemoveFirst(ref list);
                bucket.IsListed = isNew;
                if (isNew)
                {
                    Append(ref oldFlows, index);
                }
            }
        }
        return None;
    }

    private (int Packets, int Bytes) DropUntilItFits()
    {
        int packets = 0;
        int bytes = 0;
        while (Filled > Limit && Count > 1)
        {
            Node* node = RemoveFirst(Fattest());
            packets++;
            bytes += node->Packet.Length;
            chunks.Return((byte*)node);
        }
        return (packets, bytes);
    }

    private int Fattest()
    {
        Vector<int> most = Vector<int>.Zero;
        for (int i = 0; i < BucketCount; i += Vector<int>.Count)
        {
            most = Vector.Max(most, new Vector<int>(filled, i));
        }
        int largest = 0;
        for (int i = 0; i < Vector<int>.Count; i++)
        {
            largest = Math.Max(largest, most[i]);
        }
        return filled.AsSpan().IndexOf(largest);
    }

    private Node* RemoveFirst(int index)
    {
        ref Bucket bucket = ref buckets[index];
        Node* node = bucket.First;
        bucket.First = node->Next;
        Count--;
        Bytes -= node->Packet.Length;
        filled[index] -= Counted(node->Packet.Length);
        Filled -= Counted(node->Packet.Length);
        return node;
    }

    private void Append(ref BucketList list, int index)
    {
        buckets[index].NextInList = None;
        if (list.First == None)
        {
            list.First = index;
        }
        else
        {
            buckets[list.Last].NextInList = index;
        }
        list.Last = index;
    }

    private void RemoveFirst(ref BucketList list) => list.First = buckets[list.First].NextInList;
}
