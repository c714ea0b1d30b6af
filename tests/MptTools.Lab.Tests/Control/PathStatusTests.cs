using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Lab.Tests.Control;

/// <summary>What one server says of a path, its peer does.</summary>
public class PathStatusTests
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    /// <summary>Nobody finds anything out by himself within a test.</summary>
    private const double Never = 300;

    private static TunnelOptions Options(int authentication = 0) => new()
    {
        Connection = connection => connection with
        {
            AuthenticationType = authentication,
            Key = authentication == 2 ? Key : null,
            Paths = [.. connection.Paths.Select(path => path with { Dead = Never })],
        },
    };

    [LabTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_path_taken_down_or_up_here_is_so_there(int authentication) => TunnelLab.Run(Options(authentication), lab =>
    {
        lab.ServerA.Mpt("path", "down", "10.1.2.2", "10.1.2.3").EnsureSuccess();
        lab.ServerB.WaitForPath(1, PathStatusCode.Down);
        Assert.Equal(PathStatusCode.TakenDown, lab.ServerA.PathAt(1).Detail);

        lab.ServerA.Mpt("path", "up", "10.1.2.2", "10.1.2.3").EnsureSuccess();
        lab.ServerB.WaitForPath(1, PathStatusCode.Up);
        Assert.Equal(PathStatusCode.Up, lab.ServerA.PathAt(1).Detail);
        Assert.Equal(2, lab.ServerB.Status().CommandPortTraffic.PeerCommands);
        Assert.Empty(lab.ServerB.Status().CommandPortTraffic.Refused);
    });

    [LabFact]
    public void The_peer_may_take_up_again_what_was_taken_down_here() => TunnelLab.Run(Options(2), lab =>
    {
        lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3").EnsureSuccess();
        lab.ServerB.WaitForPath(0, PathStatusCode.Down);
        lab.ServerB.Mpt("path", "up", "10.1.1.3", "10.1.1.2").EnsureSuccess();
        lab.ServerA.WaitForPath(0, PathStatusCode.Up);
        lab.ServerB.WaitForPath(0, PathStatusCode.Up);
    });

    [LabFact]
    public void The_dead_timers_verdict_is_told_to_the_peer() => TunnelLab.RunStopped(Options(2), lab =>
    {
        // Only A finds out by itself.
        lab.FilesA.Write(lab.FileA with { Paths = [.. lab.FileA.Paths.Select(path => path with { Dead = 1 })] });
        lab.Start();
        lab.Links[0].Cut();
        lab.ServerB.WaitForPath(0, PathStatusCode.Down);
        lab.Links[0].Heal();
        lab.ServerA.WaitForPath(0, PathStatusCode.Up);
        lab.ServerB.WaitForPath(0, PathStatusCode.Up);
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    [LabFact]
    public void An_interface_that_goes_down_is_told_to_the_peer() => TunnelLab.Run(Options(), lab =>
    {
        lab.ServerA.Mpt("interface", "eth2", "down").EnsureSuccess();
        lab.ServerB.WaitFor(status => status.Connections[0].Paths[1].Status == PathState.Down, "path 1 of B is down");
        lab.ServerA.Mpt("interface", "eth2", "up").EnsureSuccess();
        lab.ServerA.WaitForPath(1, PathStatusCode.Up);
        lab.ServerB.WaitForPath(1, PathStatusCode.Up);
    }, interfacesStay: false);

    [LabTheory]
    [InlineData(2, 3)]
    [InlineData(3, 1)]
    public void Permission_decides_what_is_told_and_what_is_taken(int ofA, int ofB) => TunnelLab.RunStopped(Options(), lab =>
    {
        lab.FilesA.Write(lab.FileA with { Permission = ofA });
        lab.FilesB.Write(lab.FileB with { Permission = ofB });
        lab.Start();
        int lines = lab.ServerA.Process.Lines.Count;
        lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3").EnsureSuccess();
        if (ofB == 1)
        {
            // It has been asked, does not answer, and A says so when it has given up.
            lab.ServerA.Process.WaitForLine(line => line.Text.Contains("its peer did not answer"), startAt: lines);
            Assert.True(lab.ServerB.Status().CommandPortTraffic.Refused["NotPermitted"] > 0);
        }
        Assert.Equal(0, lab.ServerB.Status().CommandPortTraffic.PeerCommands);
        Assert.Equal(PathStatusCode.Up, lab.ServerB.PathAt(0).Detail);
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    [LabFact]
    public void A_peer_with_another_key_is_not_obeyed() => TunnelLab.RunStopped(Options(2), lab =>
    {
        lab.FilesB.Write(lab.FileB with { Key = new string('7', 64) });
        LabServer[] servers = LabServer.StartAll((lab.A, lab.FilesA, "tun0"), (lab.B, lab.FilesB, "tun0"));
        (lab.ServerA, lab.ServerB) = (servers[0], servers[1]);
        lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3").EnsureSuccess();
        lab.ServerB.WaitFor(status => status.CommandPortTraffic.Refused.ContainsKey("AuthenticationFailed"), "B has refused it");
        Assert.Equal(PathStatusCode.Up, lab.ServerB.PathAt(0).Detail);
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    [LabTheory]
    [InlineData(6)]
    [InlineData(4)]
    public void It_works_over_IPv6_and_for_IPv6_tunnels(int tunnelVersion) =>
        TunnelLab.Run(Options(2) with { PathVersions = [6, 6], TunnelVersion = tunnelVersion }, lab =>
    {
        lab.ServerA.Mpt("path", "down", "fd01:2::2", "fd01:2::3").EnsureSuccess();
        lab.ServerB.WaitForPath(1, PathStatusCode.Down);
    });
}
