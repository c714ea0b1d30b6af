namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Flows that stay on their paths.</summary>
public class MappingFlowTests
{
    [LabTheory]
    [InlineData(TunnelLab.AddressA, TunnelLab.AddressB)]
    [InlineData(TunnelLab.AddressA6, TunnelLab.AddressB6)]
    public void Every_flow_has_one_path_and_the_paths_have_their_shares(string from, string to) =>
        TunnelLab.Run(MappingLab.Options([3, 1], "mapping = flow"), lab =>
        {
            const int rounds = 4;
            using PathTaps taps = new(lab);
            using UdpFlows flows = new(lab, 800, from, to);
            flows.SendAll(rounds);
            InnerPacket[] packets = taps.Take(rounds * flows.Count);
            int[] paths = flows.PathsIn(packets);
            // 3 of 4 with a standard deviation of 12.3 flows; 6.5 of them are exceeded less often than once in ten billion runs.
            Assert.InRange(paths.Count(path => path == 0), 600 - 80, 600 + 80);
            Assert.DoesNotContain(packets, packet => packet.HasNumber);

            long[] expected = [.. Enumerable.Range(0, 2).Select(path => (long)packets.Count(packet => packet.Path == path))];
            (long[] sent, long[] received) = lab.Packets(packets.Length);
            Assert.Equal(expected, sent);
            Assert.Equal(expected, received);
        });

    [LabFact]
    public void Only_flows_of_a_path_that_dies_move_and_they_return_with_it() =>
        TunnelLab.Run(MappingLab.Options([1, 2, 1, 1], "mapping = flow"), lab =>
        {
            const int rounds = 3;
            using PathTaps taps = new(lab);
            using UdpFlows flows = new(lab, 400);
            int[] before = Paths();
            Assert.Equal([0, 1, 2, 3], before.Distinct().Order());

            lab.CutPath(1);
            int[] meanwhile = Paths();
            int[] moved = [.. Enumerable.Range(0, flows.Count).Where(flow => meanwhile[flow] != before[flow])];
            Assert.All(moved, flow => Assert.Equal(1, before[flow]));
            Assert.Equal(before.Count(path => path == 1), moved.Length);
            Assert.Equal([0, 2, 3], moved.Select(flow => meanwhile[flow]).Distinct().Order());

            lab.HealPath(1);
            Assert.Equal(before, Paths());

            int[] Paths()
            {
                taps.Forget();
                flows.SendAll(rounds);
                return flows.PathsIn(taps.Take(rounds * flows.Count));
            }
        });

    [LabFact]
    public void Several_threads_keep_the_flows_and_the_shares() =>
        TunnelLab.Run(MappingLab.Options([3, 1], "mapping = flow").WithThreads("4"), lab =>
        {
            const int senders = 4, flowsOfEach = 100, rounds = 16;
            Assert.Equal(4, lab.ServerA.Status().Threads);
            ServerThread[] before = ServerThread.Of(lab.ServerA);
            using PathTaps taps = new(lab);
            UdpFlows[] flows = [.. Enumerable.Range(0, senders).Select(_ => new UdpFlows(lab, flowsOfEach))];
            try
            {
                // Those of a flow must arrive in their order.
                Parallel.ForEach(flows, new ParallelOptions { MaxDegreeOfParallelism = senders }, some => some.SendAll(rounds, inARow: 8));
                ILookup<int, InnerPacket> packets = taps.Take(senders * flowsOfEach * rounds).ToLookup(packet => packet.DestinationPort);
                int[] paths = [.. flows.SelectMany(some => some.PathsIn([.. packets[some.ReceiverPort]]))];
                // 3 of 4 with a standard deviation of 8.7 flows; 6.5 of them are exceeded less often than once in ten billion runs.
                Assert.InRange(paths.Count(path => path == 0), 300 - 57, 300 + 57);
                Assert.Equal(packets.SelectMany(packet => packet).Count(packet => packet.Path == 0), lab.Packets(senders * flowsOfEach * rounds).Received[0]);
            }
            finally
            {
                Array.ForEach(flows, some => some.Dispose());
            }
            Assert.All(
                before.Zip(ServerThread.Of(lab.ServerA)).Where(thread => thread.First.Name.Contains("uplink")),
                thread => Assert.True(thread.Second.Wakeups > thread.First.Wakeups, $"{thread.First.Name} has sent nothing."));
        });

    [LabTheory]
    [InlineData(TunnelLab.AddressA, TunnelLab.AddressB)]
    [InlineData(TunnelLab.AddressA6, TunnelLab.AddressB6)]
    public void All_fragments_of_a_packet_take_one_path(string from, string to) =>
        TunnelLab.Run(MappingLab.Options([1, 1], "mapping = flow"), lab =>
        {
            // Of one socket, for two may use the same identification at the same time.
            const int count = 96, size = 8000;
            // Six fragments each: B's kernel gives up a packet when more than 64 fragments of others come between two of its own (ipfrag_max_dist).
            const int ahead = 8;
            using PathTaps taps = new(lab);
            using NumberedStream stream = new(lab.A, from, lab.B, to);
            stream.SendAll(count, size, ahead);
            // So many fragments are needed for the tunnel's MTU of 1440 bytes.
            IGrouping<uint?, InnerPacket>[] datagrams = [.. taps.Take(count * 6).GroupBy(packet => packet.FragmentId)];
            Assert.Equal(count, datagrams.Length);
            int[] paths = [.. datagrams.Select(datagram => Assert.Single(datagram.Select(packet => packet.Path).Distinct()))];
            // The identification decides; were it not for that, all would be on one path.
            Assert.Equal([0, 1], paths.Distinct().Order());
        });

    [LabFact]
    public void A_packet_that_is_lost_holds_up_no_other() =>
        TunnelLab.Run(MappingLab.Options([1, 1], "mapping = flow"), lab =>
        {
            for (int path = 0; path < 2; path++)
            {
                ((EmulatedLink)lab.Links[path]).SetConditions(new LinkConditions { LossProbability = 0.2, Seed = (ulong)path }, LinkDirection.AToB);
            }
            NumberedStream[] streams = [.. Enumerable.Range(0, 12).Select(_ => new NumberedStream(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB))];
            try
            {
                for (int round = 0; round < 50; round++)
                {
                    foreach (NumberedStream stream in streams)
                    {
                        stream.SendBurst(2);
                    }
                }
                LabWait.Until(
                    () => streams.Sum(stream => stream.Arrived.Length) + lab.Links.Sum(link => link.Counters(LinkDirection.AToB).DroppedByLoss) >= 12 * 100,
                    "all packets have arrived or been lost");
                Assert.All(streams, stream => Assert.InRange(stream.Arrived.Length, 1, 99));
                Assert.All(streams, stream => Assert.Equal(0, stream.OutOfOrder));
                Assert.Equal(0, lab.ServerB.Connection().Ordering.Waited);
            }
            finally
            {
                Array.ForEach(streams, stream => stream.Dispose());
            }
        });
}
