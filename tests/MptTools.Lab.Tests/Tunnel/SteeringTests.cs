using System.Net;
using System.Net.Sockets;
using MptTools.Engine;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Into which queue of a TUN device the kernel puts what.</summary>
public unsafe class SteeringTests
{
    private const int Queues = 4, Flows = 64;

    [LabTheory]
    [InlineData("10.0.0.2", "10.0.0.3")]
    [InlineData("fd00::2", "fd00::3")]
    public void A_flow_stays_in_its_queue_wherever_its_answers_come_from(string local, string remote)
    {
        using LabNetwork network = new("steering");
        LabHost host = network.AddHost("A");
        using TunDevice device = host.Invoke(() => TunDevice.Create("tun0", Offloads.None, Queues));
        host.BringUp("tun0", ["10.0.0.2/24", "fd00::2/64"], "addrgenmode none");
        Assert.Equal(0, device.SteeringError);
        int[] used = new int[Queues];
        for (int flow = 0; flow < Flows; flow++)
        {
            // As the kernel likes to choose them, all even.
            using Socket socket = Traffic.UdpSocket(host, local, 20_000 + (2 * flow));
            socket.Connect(IPAddress.Parse(remote), 9);
            byte[] packet = Send(socket, device, out int first);
            used[first]++;
            for (int queue = 0; queue < Queues; queue++)
            {
                Answer(device.Queues[queue], packet);
                Send(socket, device, out int next);
                Assert.Equal(first, next);
            }
        }
        // The same every time, so this is no matter of luck.
        Assert.All(used, flows => Assert.InRange(flows, Flows / Queues / 2, Flows / Queues * 2));
    }

    [LabFact]
    public void A_device_with_one_queue_is_left_as_it_is()
    {
        using LabNetwork network = new("steering");
        LabHost host = network.AddHost("A");
        using TunDevice device = host.Invoke(() => TunDevice.Create("tun0", Offloads.None));
        Assert.Single(device.Queues);
        Assert.DoesNotContain("multi_queue", host.Ip("-details", "link", "show", "tun0").Output);
    }

    /// <summary>Sends a packet and takes it from the queue it came into.</summary>
    private static byte[] Send(Socket socket, TunDevice device, out int queue)
    {
        socket.Send([1, 2, 3, 4]);
        byte[] packet = new byte[2048];
        Libc.pollfd* descriptors = stackalloc Libc.pollfd[Queues];
        for (int i = 0; i < Queues; i++)
        {
            descriptors[i] = new Libc.pollfd { fd = device.Queues[i].Descriptor, events = Libc.POLLIN };
        }
        while (true)
        {
            Assert.True(Libc.poll(descriptors, Queues, 10_000) > 0, "The packet came into no queue.");
            for (queue = 0; queue < Queues; queue++)
            {
                fixed (byte* data = packet)
                {
                    int length = descriptors[queue].revents == 0 ? 0 : device.Queues[queue].Read(data, packet.Length);
                    // The kernel sends a few packets of its own.
                    if (length >= 4 && packet.AsSpan(length - 4, 4).SequenceEqual<byte>([1, 2, 3, 4]))
                    {
                        return packet[..length];
                    }
                }
            }
        }
    }

    /// <summary>Writes the packet back with its ends exchanged.</summary>
    private static void Answer(TunQueue queue, byte[] packet)
    {
        bool isIPv6 = packet[0] >> 4 == 6;
        (int addresses, int length, int ports) = isIPv6 ? (8, 16, 40) : (12, 4, 20);
        byte[] answer = [.. packet];
        packet.AsSpan(addresses, length).CopyTo(answer.AsSpan(addresses + length));
        packet.AsSpan(addresses + length, length).CopyTo(answer.AsSpan(addresses));
        packet.AsSpan(ports, 2).CopyTo(answer.AsSpan(ports + 2));
        packet.AsSpan(ports + 2, 2).CopyTo(answer.AsSpan(ports));
        fixed (byte* data = answer)
        {
            Libc.iovec piece = new() { iov_base = data, iov_len = (nuint)answer.Length };
            Assert.Equal(0, queue.Write(&piece, 1));
        }
    }
}
