using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>How many threads move packets, what they do, and what they do when there is nothing to do.</summary>
public class ThreadsTests
{
    private static readonly TunnelOptions Silent = new()
    {
        Connection = connection => connection with
        {
            ReorderWindow = 1000,
            Paths = [.. connection.Paths.Select(path => path with { Keepalive = 0 })],
        },
    };

    [LabFact]
    public void Flows_of_one_connection_go_by_several_queues_and_all_arrive_in_order() => TunnelLab.Run(
        new TunnelOptions
        {
            Conditions = [new LinkConditions { Delay = TimeSpan.FromMilliseconds(25) }, new LinkConditions { Delay = TimeSpan.FromMilliseconds(5) }],
            Connection = connection => connection with { ReorderWindow = 1000, MaximumDelayMilliseconds = 10_000 },
        }.WithThreads("6"), lab =>
        {
            // Fewer under way than the window takes, so that nothing but a fault can lose one.
            const int flows = 24, packets = 250, ahead = 32;
            ServerThread[] before = ServerThread.Of(lab.ServerA);
            NumberedStream[] streams =
            [
                .. Enumerable.Range(0, flows).Select(flow => flow % 2 == 0
                    ? new NumberedStream(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB)
                    : new NumberedStream(lab.A, TunnelLab.AddressA6, lab.B, TunnelLab.AddressB6)),
            ];
            try
            {
                Parallel.ForEach(streams, new ParallelOptions { MaxDegreeOfParallelism = flows }, stream => stream.SendAll(packets, ahead: ahead));
                Assert.All(streams, stream => Assert.Equal(Enumerable.Range(0, packets), stream.Arrived));
            }
            finally
            {
                Array.ForEach(streams, stream => stream.Dispose());
            }
            OrderingStatus ordering = lab.ServerB.Connection().Ordering;
            Assert.True(ordering.Waited > 0, "Nothing had to wait, so nothing was ordered.");
            Assert.Equal(new OrderingStatus { Waited = ordering.Waited }, ordering);
            Assert.Equal([flows * packets / 2, flows * packets / 2], lab.ServerA.Connection().Paths.Select(path => path.PacketsSent));
            Assert.Equal(flows * packets, lab.ServerB.Connection().PacketsReceived);
            // Each packet may have found its thread at work, but a flow's packets come in more bursts than one.
            IEnumerable<long> wakeups = before.Zip(ServerThread.Of(lab.ServerA), (earlier, now) => (now.Name, Count: now.Wakeups - earlier.Wakeups))
                .Where(thread => thread.Name.Contains("uplink")).Select(thread => thread.Count);
            Assert.Equal(3, wakeups.Count());
            Assert.All(wakeups, count => Assert.True(count > packets / ahead, $"A thread that sends was woken {count} times."));
        });

    [LabTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void An_idle_server_sleeps_until_something_comes(int threads) => TunnelLab.RunStopped(Silent.WithThreads($"{threads}"), lab =>
    {
        // Without IPv6 the kernel has nothing of its own to send into the tunnel.
        lab.FilesA.WriteInterface(TunnelLab.CommandPort, new TunFile("tun0", "10.0.0.2/24", null));
        lab.FilesB.WriteInterface(TunnelLab.CommandPort, new TunFile("tun0", "10.0.0.3/24", null));
        lab.Start();
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(100);

        LabWait.Until(() => ServerThread.Of(lab.ServerA).All(thread => thread.SleepsForEver), "all threads sleep");
        ServerThread[] before = ServerThread.Of(lab.ServerA);
        // Beside them the control thread, and the one that starts hooks.
        Assert.Equal(threads + 2, before.Length);
        for (int i = 0; i < 200; i++)
        {
            lab.ServerB.Status();
        }
        Assert.Equal(before, ServerThread.Of(lab.ServerA));
        for (int i = 0; i < 200; i++)
        {
            lab.ServerA.Status();
        }
        Assert.Equal(before.Where(IsPacketThread), ServerThread.Of(lab.ServerA).Where(IsPacketThread));

        stream.SendAll(100);
        Assert.NotEqual(before.Where(IsPacketThread), ServerThread.Of(lab.ServerA).Where(IsPacketThread));
    });

    [LabFact]
    public void The_file_says_how_many_and_the_command_line_goes_before_it() => TunnelLab.RunStopped(Silent, lab =>
    {
        string file = Path.Combine(lab.FilesA.Directory, "interface.conf");
        File.WriteAllText(file, File.ReadAllText(file).Replace("[general]\n", "[general]\nthreads = 3\n"));
        using (ServerFiles files = new(TunnelLab.CommandPort, new TunFile("tun0", "10.0.0.2/24", null)) { Arguments = ["--threads", "4"] })
        {
            File.Copy(file, Path.Combine(files.Directory, "interface.conf"), overwrite: true);
            files.Write(lab.FileA);
            LabServer other = LabServer.Start(lab.A, files);
            Assert.Equal(4, other.Status().Threads);
            other.StopCleanly();
        }
        lab.Start();
        Assert.Equal(3, lab.ServerA.Status().Threads);
        Assert.Contains("Packet threads   : 3\n", lab.ServerA.Mpt("show", "status").EnsureSuccess().Output);
        Assert.Equal(["tun0 control", "tun0 downlink 0", "tun0 downlink 1", "tun0 hooks", "tun0 uplink 0"], ServerThread.Of(lab.ServerA).Select(thread => thread.Name));
    });

    private static bool IsPacketThread(ServerThread thread) => thread.Name is not ("tun0 control" or "tun0 hooks");
}
