using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>A host behind a NAT that asks a real STUN server (Debian's coturn) which address it has.</summary>
public class StunTests
{
    private const string Server = "203.0.113.3";

    [LabFact(Tools = ["nft", "turnserver"], SetsOffloads = true)]
    public void The_address_behind_the_NAT_is_found_and_shown() => ServerLab.Run(lab =>
    {
        (LabHost inside, _, LabHost open) = NatTests.Build(lab);
        LabProcess stun = StartStun(lab, open);
        lab.FilesOf(inside).AddGeneral($"stun_server = {Server}");
        return () =>
        {
            PathStatus path = lab[inside].WaitFor(
                status => status.Connections[0].Paths[0].PublicAddressSource == PublicAddressSource.Stun, "the STUN server has answered").Connections[0].Paths[0];
            Assert.Equal("203.0.113.1", path.PublicAddress);

            Assert.Contains("Public IP address  : 203.0.113.1\n", lab[inside].Mpt("show", "status").EnsureSuccess().Output);
            Traffic.Ping(inside, "10.0.0.3");
            Assert.False(stun.HasExited, stun.Output);
        };
    });

    [LabFact(Tools = ["nft"], SetsOffloads = true)]
    public void Without_an_answer_the_peers_word_counts_and_a_warning_says_so_once() => ServerLab.Run(lab =>
    {
        (LabHost inside, _, _) = NatTests.Build(lab);
        lab.FilesOf(inside).AddGeneral("stun_server = nobody.invalid");
        return () =>
        {
            lab[inside].Process.WaitForLine("STUN server nobody.invalid cannot be found");
            Assert.Equal(("203.0.113.1", PublicAddressSource.Peer), (lab[inside].PathAt(0).PublicAddress, lab[inside].PathAt(0).PublicAddressSource));
        };
    });

    private static LabProcess StartStun(ServerLab lab, LabHost host)
    {
        host.AddAddress("eth1", $"{Server}/24");
        string directory = Directory.CreateTempSubdirectory("mpttools-stun-").FullName;
        lab.Network.Own(new RemovedDirectory(directory));
        LabProcess process = host.Start("turnserver", ["-n", "--stun-only", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--log-file", "stdout", "--simple-log",
            "--pidfile", Path.Combine(directory, "pid"), "--userdb", Path.Combine(directory, "db"), "-L", Server, "-p", "3478"]);
        LabWait.Until(() => host.Run("ss", "-Hlun", "src", $"{Server}:3478").Output.Length > 0, "turnserver listens");
        return process;
    }

    private sealed class RemovedDirectory(string path) : IDisposable
    {
        public void Dispose() => Directory.Delete(path, recursive: true);
    }
}
