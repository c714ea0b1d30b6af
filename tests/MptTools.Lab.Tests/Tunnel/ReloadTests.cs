using System.Net.Sockets;
using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>SIGHUP has the server read its files again.</summary>
public class ReloadTests
{
    private static readonly TunnelOptions Ordered = new()
    {
        Connection = connection => connection with { ReorderWindow = 1000 },
    };

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void A_connection_that_has_not_changed_loses_no_packet(string threads) =>
        TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        for (int i = 0; i < 5; i++)
        {
            int lines = lab.ServerA.Process.Lines.Count;
            lab.ServerA.Process.Reload();
            lab.ServerA.WaitForEvent("1 connection(s) unchanged, 0 changed, 0 started", lines);
            stream.WaitForMore(20);
        }
        stream.Stop();
        stream.WaitForAll();
        Assert.Equal(0, stream.OutOfOrder);
    });

    [LabFact]
    public void A_faulty_file_changes_nothing_and_is_reported() => TunnelLab.RunStopped(Ordered, lab =>
    {
        lab.Start();
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        string right = lab.FileA.Render();
        lab.FilesA.WriteConnection("toB", right.Replace("weight_out = 1", "weight_out = none"));
        lab.ServerA.Process.Reload();
        // The log has an event of it as well; which of the two comes first is not said.
        OutputLine fault = lab.ServerA.Process.WaitForLine(line => line.IsError && line.Text.Contains("weight_out", StringComparison.Ordinal));
        Assert.Contains("toB.conf(", fault.Text);
        lab.FilesA.WriteConnection("toB", right);
        int lines = lab.ServerA.Process.Lines.Count;
        lab.ServerA.Process.Reload();
        lab.ServerA.WaitForEvent("1 connection(s) unchanged", lines);
        stream.Stop();
        stream.WaitForAll();
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void A_changed_connection_is_used_as_it_is_now_and_a_new_one_starts(string threads) =>
        TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        lab.FilesA.Write(lab.FileA with { Paths = [lab.FileA.Paths[0], lab.FileA.Paths[1] with { Weight = 3 }] });
        ConnectionFile second = new("second", "fd00::2", "fd00::3") { LocalPort = 30000, RemotePort = 30001, Paths = lab.FileA.Paths };
        lab.FilesA.Write(second);
        lab.FilesB.Write(second.Mirror("second"));
        lab.ServerA.Process.Reload();
        lab.ServerB.Process.Reload();
        lab.ServerA.WaitFor(status => status.Connections.Count == 2, "the second connection has started");
        lab.ServerB.WaitFor(status => status.Connections.Count == 2, "the second connection has started");
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();

        using NumberedStream first = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        using NumberedStream other = new(lab.A, TunnelLab.AddressA6, lab.B, TunnelLab.AddressB6);
        first.SendAll(100);
        other.SendAll(100);
        ServerStatus status = lab.ServerA.Status();
        Assert.Equal([25, 75], status.Connections.Single(item => item.Name == "toB").Paths.Select(path => path.PacketsSent));
        Assert.Equal([50, 50], status.Connections.Single(item => item.Name == "second").Paths.Select(path => path.PacketsSent));
    });

    [LabFact]
    public void A_connection_whose_file_is_gone_keeps_running() => TunnelLab.Run(Ordered, lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        lab.FilesA.DeleteConnection("toB");
        int lines = lab.ServerA.Process.Lines.Count;
        lab.ServerA.Process.Reload();
        lab.ServerA.WaitForEvent("The configuration was read again", lines);
        stream.WaitForMore(20);
        stream.Stop();
        stream.WaitForAll();
    });

    [LabFact]
    public void A_change_that_cannot_be_carried_out_is_said_and_changes_nothing() => TunnelLab.RunStopped(Ordered, lab =>
    {
        lab.Start();
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        using (Socket holder = Traffic.UdpSocket(lab.A, "10.1.1.2", 30000))
        {
            lab.FilesA.Write(lab.FileA with { LocalPort = 30000 });
            lab.ServerA.Process.Reload();
            lab.ServerA.Process.WaitForLine(line => line.IsError && line.Text.Contains("UDP port 30000 of 10.1.1.2 is in use by another program", StringComparison.Ordinal));
            lab.ServerA.WaitUntilUp();
            lab.ServerB.WaitUntilUp();
            stream.SendAll(100);
        }
        lab.FilesA.Write(lab.FileA);
        int lines = lab.ServerA.Process.Lines.Count;
        lab.ServerA.Process.Reload();
        lab.ServerA.WaitForEvent("1 connection(s) unchanged", lines);
        stream.SendAll(100);
    });
}
