using System.Net.Sockets;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.ControlPlane;

public class ControlAccessTests
{
    private static readonly string[] GroupFile =
    [
        "root:x:0:", "# mpt:x:5:", "mptx:x:41:", "", "mpt", "mpt:x:notanumber:", "mpt:x:42:alice,bob", "users:x:100:",
    ];

    [Fact]
    public void Group_is_found_by_its_whole_name() => Assert.Equal(42u, ControlAccess.FindGroupId(GroupFile, "mpt"));

    [Fact]
    public void Group_of_root_is_never_taken() => Assert.Null(ControlAccess.FindGroupId(["mpt:x:0:"], "mpt"));

    [Theory]
    [InlineData(42u, new uint[0], true)]
    [InlineData(100u, new uint[] { 7, 42 }, true)]
    [InlineData(100u, new uint[] { 41, 100 }, false)]
    public void Members_are_those_whose_primary_or_supplementary_group_it_is(uint primary, uint[] supplementary, bool expected) =>
        Assert.Equal(expected, ControlAccess.IsMember(GroupFile, primary, () => supplementary));

    [Fact]
    public void Without_the_group_nobody_but_root_is_let_in() =>
        Assert.False(ControlAccess.IsMember(["users:x:100:"], 100, () => [100]));

    [Fact]
    public void Kernel_tells_who_is_at_the_other_end()
    {
        string name = "t-" + Guid.NewGuid().ToString("N")[..13];
        using Socket listener = ControlProtocol.NewSocket();
        listener.Bind(ControlProtocol.EndPoint(name));
        listener.Listen();
        using Socket client = ControlProtocol.NewSocket();
        client.Connect(ControlProtocol.EndPoint(name));
        using Socket accepted = listener.Accept();

        foreach (Socket end in new[] { client, accepted })
        {
            PeerCredentials peer = PeerCredentials.Of(end);
            Assert.Equal((Environment.ProcessId, Libc.geteuid()), (peer.ProcessId, peer.UserId));
        }
        string[] groups = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Groups:", StringComparison.Ordinal))["Groups:".Length..]
            .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(groups.Select(uint.Parse).Order(), PeerCredentials.GroupsOf(accepted).Order());
    }

    [Fact]
    public void Table_of_sockets_yields_listening_control_sockets_only() => Assert.Equal(
        ["tun0", "tun1"],
        ControlSocketTable.Names(
        [
            "Num               RefCount Protocol Flags    Type St Inode Path",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27036 @mpttools/tun1",
            "0000000000000000: 00000003 00000000 00000000 0001 03 27037 @mpttools/tun2",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27038 /run/mpttools/tun3",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27039 @mpttools/",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27040 @mpttools/far-too-long-a-name",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27041",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27042 @mpttools/tun0",
            "0000000000000000: 00000002 00000000 00010000 0001 01 27043 @mpttools/tun0",
        ]));
}
