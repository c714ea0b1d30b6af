using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Tells senders what fits: writes ICMP messages (<see cref="PacketTooBig"/>) to the TUN device their packets came from, as
/// a router behind it would. One thread at a time.
/// </summary>
internal sealed unsafe class TooBigAnswers : IDisposable
{
    // What Linux itself allows a host (net.ipv4.icmp_msgs_burst, net.ipv4.icmp_msgs_per_sec).
    private const int Burst = 50, PerSecond = 1000;

    private readonly byte* buffer = (byte*)NativeMemory.AllocZeroed(VirtioHeader.Length + PacketTooBig.MaximumLength);
    private TokenBucket rate = new(Burst, PerSecond);

    /// <summary>Answers a packet that lies in two pieces, where that is allowed, possible and not too often.</summary>
    /// <param name="head">Its first piece, with all headers.</param>
    /// <param name="rest">Its second piece.</param>
    /// <param name="largest">Length in bytes of the longest packet that fits.</param>
    internal void Answer(
        TunnelReader reader, ConnectionRuntime connection, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, int largest, TimeSpan now)
    {
        bool isIPv6 = head[0] >> 4 == 6;
        if (!PacketTooBig.MayAnswer(head) || (isIPv6 ? largest < PacketTooBig.SmallestMtuIPv6 : IsBroadcast(reader.Tunnel, head)))
        {
            return;
        }
        ReadOnlySpan<byte> source = isIPv6 ? reader.Tunnel.AddressIPv6 : connection.PeerIPv4;
        if (source.IsEmpty)
        {
            // The far end's own word, as the kernel has it for the tunnels it makes itself.
            source = IPHeader.Destination(head);
            if (isIPv6 && source[0] == 0xFF)
            {
                return;
            }
        }
        if (rate.TryTake(now))
        {
            Write(reader, PacketTooBig.Write(
                new Span<byte>(buffer + VirtioHeader.Length, PacketTooBig.MaximumLength), head, rest, Math.Max(largest, 0), source));
            connection.TooBigAnswers++;
        }
    }

    private static bool IsBroadcast(TunnelRuntime tunnel, ReadOnlySpan<byte> packet) =>
        tunnel.Broadcast != 0 && BinaryPrimitives.ReadUInt32BigEndian(IPHeader.Destination(packet)) == tunnel.Broadcast;

    private void Write(TunnelReader reader, int length)
    {
        // The virtio header stays zero: nothing to cut, nothing to complete.
        int headerLength = reader.HasVirtioHeaders ? VirtioHeader.Length : 0;
        Libc.iovec piece = new()
        {
            iov_base = buffer + VirtioHeader.Length - headerLength,
            iov_len = (nuint)(headerLength + length),
        };
        reader.Queue.Write(&piece, 1);
    }

    public void Dispose() => NativeMemory.Free(buffer);
}
