using System.Net;
using System.Net.Sockets;
using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What does not belong there, thrown at the data port while traffic runs.</summary>
public class HostileTests
{
    private const int DataPort = 23456;

    private static readonly TunnelOptions WithKey = new()
    {
        Connection = connection => connection with
        {
            ReorderWindow = 1000,
            Key = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
        },
    };

    private static readonly byte[] Gre = [0, 0, 8, 0];

    /// <summary>A reason to drop, and a datagram that is dropped for it.</summary>
    private static readonly (string Reason, byte[] Datagram)[] Faults =
    [
        ("GreTooShort", []),
        ("GreTooShort", [0, 0, 8]),
        ("GreTooShort", [0x10, 0, 8, 0, 0, 0]),
        ("GreReservedBits", [0x40, 0, 8, 0, .. new byte[30]]),
        ("GreVersion", [0, 1, 8, 0, .. new byte[30]]),
        ("GreProtocol", [0, 0, 0x12, 0x34, .. new byte[30]]),
        ("GreChecksum", [0x80, 0, 8, 0, 0xBA, 0xD0, 0, 0, .. new byte[30]]),
        ("InnerTooShort", Gre),
        ("InnerTooShort", [.. Gre, 0x45, 0, 0]),
        ("InnerNotIP", [.. Gre, 0x20, .. new byte[30]]),
        ("InnerLength", [.. Gre, 0x45, 0, 0xFF, 0xFF, .. new byte[30]]),
        ("InnerLength", [.. Gre, 0x60, 0, 0, 0, 0xFF, 0xFF, .. new byte[40]]),
        ("UnknownControl", [.. Gre, 0xA7, .. new byte[60]]),
        ("UnknownControl", [.. Gre, 0xA1, .. new byte[20]]),
        ("KeepaliveUnauthenticated", [.. Gre, 0xA1, .. new byte[39]]),
        ("KeepaliveUnauthenticated", [.. Gre, 0xA1, .. new byte[39], .. "MptT"u8, 1]),
        ("KeepaliveInvalid", [.. Gre, 0xA1, .. new byte[39], .. "MptT"u8, 1, 2, 9]),
    ];

    [LabFact]
    public void What_is_wrong_is_counted_by_its_reason_and_hurts_nothing() => TunnelLab.Run(WithKey, lab =>
    {
        const int times = 5;
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        lab.A.AddAddress("eth1", "10.1.1.77/24");
        // From the path's own address, once with the peer's port and once with another, and from an address of nobody.
        using (Socket peersPort = Sender(lab.A, "10.1.1.2", DataPort), otherPort = Sender(lab.A, "10.1.1.2"),
            stranger = Sender(lab.A, "10.1.1.77"))
        {
            for (int i = 0; i < times; i++)
            {
                foreach ((_, byte[] datagram) in Faults)
                {
                    Assert.All([peersPort, otherPort, stranger], socket => Throw(socket, datagram));
                }
            }
        }
        IEnumerable<KeyValuePair<string, long>> expected = Faults.GroupBy(fault => fault.Reason)
            .Select(group => KeyValuePair.Create(group.Key, (long)group.Count() * times * 2)).OrderBy(pair => pair.Key);
        KeyValuePair<string, long>[] counted = [];
        LabWait.Until(() =>
        {
            counted = [.. lab.ServerB.PathAt(0).Drops.OrderBy(pair => pair.Key)];
            return counted.Sum(pair => pair.Value) >= Faults.Length * times * 2;
        }, "as much was dropped as was wrong");
        Assert.Equal(expected, counted);
        // Of a stranger extended keepalives are looked at, for they might prove to be the peer's.
        const int looked = 2;
        Assert.Equal(
            [KeyValuePair.Create("KeepaliveUnauthenticated", (long)looked * times), KeyValuePair.Create("UnknownSource", (long)(Faults.Length - looked) * times)],
            lab.ServerB.WaitFor(status => status.Connections[0].Drops.Values.Sum() == Faults.Length * times, "all of the stranger's was counted")
                .Connections[0].Drops.OrderBy(pair => pair.Key));
        Assert.Equal(PeerKind.MptTools, lab.ServerB.Connection().Peer);

        stream.Stop();
        stream.WaitForAll();
        Assert.Equal(0, stream.OutOfOrder);
        lab.A.RemoveAddress("eth1", "10.1.1.77/24");
    });

    [LabFact]
    public void A_flood_of_random_bytes_does_not_stop_the_traffic() => TunnelLab.Run(WithKey, lab =>
    {
        const int seed = 48_271, count = 30_000;
        var random = new Random(seed);
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        using (Socket peersPort = Sender(lab.A, "10.1.1.2", DataPort), otherPort = Sender(lab.A, "10.1.1.2"))
        {
            for (int i = 0; i < count; i++)
            {
                byte[] datagram = new byte[random.Next(200)];
                random.NextBytes(datagram);
                if (datagram.Length > 4)
                {
                    // Far enough into the parsers, mostly; without a number, for whoever can send those is believed.
                    datagram[0] &= (byte)(random.Next(4) == 0 ? 0xEF : 0x20);
                    datagram[1] &= 0xF8;
                    (datagram[2], datagram[3]) = random.Next(2) == 0 ? ((byte)0x08, (byte)0x00) : ((byte)0x86, (byte)0xDD);
                }
                Throw(i % 2 == 0 ? peersPort : otherPort, datagram);
            }
        }
        lab.ServerB.WaitFor(status => status.Connections[0].Paths[0].Drops.Values.Sum() > count / 2,
            $"seed {seed}: most of it was dropped");
        stream.WaitForMore(100);
        stream.Stop();
        stream.WaitForAll();
        Assert.Equal(0, stream.OutOfOrder);
        Assert.Equal(PeerKind.MptTools, lab.ServerB.Connection().Peer);
    });

    [LabFact]
    public void Ends_with_different_keys_are_told_so() => TunnelLab.RunStopped(WithKey, lab =>
    {
        lab.FilesB.Write(lab.FileB with { Key = new string('7', 64) });
        LabServer[] servers = LabServer.StartAll((lab.A, lab.FilesA, "tun0"), (lab.B, lab.FilesB, "tun0"));
        foreach (LabServer server in servers)
        {
            server.Process.WaitForLine("auth_key");
            server.WaitFor(status => status.Connections[0].Paths[0].Drops.ContainsKey("KeepaliveUnauthenticated"),
                "keepalives were refused");
            Assert.NotEqual(PeerKind.MptTools, server.Connection().Peer);
        }
    });

    private static Socket Sender(LabHost host, string address, int port = 0) => host.Invoke(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        // The server's own port can be shared by a root that means it.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    });

    private static void Throw(Socket from, byte[] datagram) => from.SendTo(datagram, new IPEndPoint(IPAddress.Parse("10.1.1.3"), DataPort));
}
