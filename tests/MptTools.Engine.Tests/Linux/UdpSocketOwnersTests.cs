using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.Linux;

public class UdpSocketOwnersTests
{
    private const string Head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";

    private static readonly string[] Table =
    [
        Head,
        Line("0100007F:9C40", 1000), // 127.0.0.1:40000
        Line("0200007F:9C40", 1001), // 127.0.0.2:40000
        Line("0100007F:9C41", 1002), // 127.0.0.1:40001
        Line("00000000:9C42", 1003), // 0.0.0.0:40002
        Line("00000000000000000000000001000000:9C43", 1004), // [::1]:40003
        Line("00000000000000000000000000000000:9C44", 1005), // [::]:40004
        Line("0000000000000000FFFF00000100007F:9C45", 1006), // [::ffff:127.0.0.1]:40005
        "rubbish",
        Line("0100007F:XYZW", 1007),
        Line("01007F:9C40", 1008),
    ];

    [Theory]
    [InlineData("127.0.0.1:40000", "1000")]
    [InlineData("127.0.0.2:40000", "1001")]
    [InlineData("127.0.0.3:40000", "")]
    [InlineData("127.0.0.1:40001", "1002")]
    [InlineData("127.0.0.1:40002", "1003")]
    [InlineData("127.9.9.9:40002", "1003")]
    [InlineData("[::1]:40003", "1004")]
    [InlineData("127.0.0.1:40003", "")]
    [InlineData("[::1]:40004", "1005")]
    [InlineData("127.0.0.1:40004", "1005")]
    [InlineData("127.0.0.1:40005", "1006")]
    [InlineData("[::1]:40005", "")]
    public void AllWhoMaySendFromAnAddressAreFound(string source, string users) =>
        Assert.Equal(users, string.Join(' ', UdpSocketOwners.Of(IPEndPoint.Parse(source), Table)));

    [Fact]
    public void SeveralSocketsOnOnePortAreAllNamed() => Assert.Equal(
        [0u, 1000u],
        UdpSocketOwners.Of(IPEndPoint.Parse("127.0.0.1:40000"), [.. Table, Line("00000000:9C40", 0)]).Order());

    [Fact]
    public void TheKernelsTableNamesThisProcess()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        foreach (IPAddress address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(address, 0));

            Assert.Equal([Libc.geteuid()], UdpSocketOwners.Of((IPEndPoint)socket.LocalEndPoint!));
        }
    }

    private static string Line(string local, uint user) =>
        $"  123: {local} 00000000:0000 07 00000000:00000000 00:00000000 00000000  {user}        0 12345 2 0000000000000000 0";
}
