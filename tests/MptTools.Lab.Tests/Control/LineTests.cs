using System.Net;
using MptTools.Engine;
using MptTools.Lab.Emulation;
using MptTools.Lab.Tests.Tunnel;
using MptTools.Lab.Traffic;

namespace MptTools.Lab.Tests.Control;

/// <summary>What the keepalives of two servers tell of each line.</summary>
public class LineTests
{
    [LabFact]
    public void Both_ends_know_the_loss_and_the_round_trip_of_each_line() => TunnelLab.Run(
        new TunnelOptions
        {
            Conditions =
            [
                new LinkConditions { Delay = TimeSpan.FromMilliseconds(5) },
                new LinkConditions { Delay = TimeSpan.FromMilliseconds(20), LossProbability = 0.1, Seed = 11 },
            ],
        },
        lab =>
        {
            UdpStream.Start(lab.A, lab.B, IPAddress.Parse(TunnelLab.AddressB),
                new UdpStreamOptions { BitsPerSecond = 8_000_000, PayloadBytes = 1000, Packets = 1000 }).Wait();
            for (int path = 0; path < 2; path++)
            {
                int index = path;
                long sent = lab.ServerA.PathAt(index).PacketsSent;
                LabWait.Until(() => lab.ServerA.PathAt(index).Line.OutwardSent == sent, "A knows what became of its packets");
                LabWait.Until(() => lab.ServerB.PathAt(index).Line.InwardSent == sent, "B knows how many there were");
                PathStatus a = lab.ServerA.PathAt(index), b = lab.ServerB.PathAt(index);
                Assert.Equal((b.PacketsReceived, b.PacketsReceived), (a.Line.OutwardArrived, b.Line.InwardArrived));
                Assert.True(index == 0 ? b.PacketsReceived == sent : b.PacketsReceived < sent, $"{b.PacketsReceived} of {sent}");
                Assert.True(a.Line.LastRoundTripMilliseconds >= (index == 0 ? 10 : 40), $"{a.Line.LastRoundTripMilliseconds} ms");
                Assert.True(b.Line.RoundTripMilliseconds >= (index == 0 ? 10 : 40), $"{b.Line.RoundTripMilliseconds} ms");
            }
        });
}
