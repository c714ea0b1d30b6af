using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>What fits through a connection's paths, and when the kernel is asked for it.</summary>
public sealed class PathSizeTests
{
    /// <summary>The loopback interface takes 65,536 bytes, but no IPv4 packet is that long.</summary>
    private const int LoopbackMtu = 65_535, LoopbackMtuIPv6 = 65_536;

    [Theory]
    [InlineData(1500, 4, 8, 1464)]
    [InlineData(1500, 4, 4, 1468)]
    [InlineData(1500, 6, 8, 1444)]
    [InlineData(1500, 6, 4, 1448)]
    [InlineData(1500, 4, 12, 1460)]
    [InlineData(1280, 6, 8, 1224)]
    [InlineData(20, 4, 8, -16)]
    [InlineData(65_535, 4, 8, 65_499)]
    [InlineData(65_536, 4, 8, 65_499)]
    [InlineData(65_536, 6, 8, 65_480)]
    [InlineData(100_000, 6, 8, 65_519)]
    public void TheHeadersGoOffThePathMtu(int pathMtu, int version, int greLength, int largest) =>
        Assert.Equal(largest, Overhead.LargestInner(pathMtu, version, greLength));

    [Fact]
    public void TheNarrowestPathThatIsUpCounts()
    {
        using ControllerBench bench = new(Configs.Connection(
            Configs.Path(0), Configs.Path(1) with { IPVersion = 6 }) with { ReorderWindow = 100 });
        Assert.Equal(int.MaxValue, bench.Runtime.Size.LargestInner);
        bench.PassTo(0);
        Assert.Equal(65_480, bench.Runtime.Size.LargestInner);
        bench.Controller.SetPathStatus(1, up: false, TimeSpan.Zero);
        Assert.Equal(65_499, bench.Runtime.Size.LargestInner);
        bench.Controller.SetPathStatus(1, up: true, TimeSpan.Zero);
        Assert.Equal(65_480, bench.Runtime.Size.LargestInner);
        // With no path up what was last known stays: what comes first has to go by it.
        bench.Controller.SetPathStatus(1, up: false, TimeSpan.Zero);
        bench.Controller.SetPathStatus(0, up: false, TimeSpan.Zero);
        Assert.Equal((0u, 65_499), (bench.Runtime.UpPaths, bench.Runtime.Size.LargestInner));
    }

    [Fact]
    public void ADoubtThatLedNowhereIsHeardAgainASecondLater()
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0) with { KeepaliveTime = TimeSpan.Zero }));
        SizeDoubts doubts = bench.TunnelBench.Doubts;
        bench.Runtime.Size.Doubts = doubts;
        bench.Runtime.Size.Doubt();
        Assert.Same(bench.Runtime, doubts.Take());
        // The first look brings news.
        Assert.Null(bench.Controller.NextTick);
        bench.Controller.SizeDoubted(TimeSpan.Zero);
        Assert.Equal((LoopbackMtu, null), (bench.Controller.Paths[0].PathMtu, bench.Controller.NextTick));

        bench.Runtime.Size.Doubt();
        Assert.Same(bench.Runtime, doubts.Take());
        bench.Controller.SizeDoubted(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(6), bench.Controller.NextTick);
        bench.Runtime.Size.Doubt();
        Assert.Null(doubts.Take());
        bench.Controller.Tick(TimeSpan.FromSeconds(6));
        Assert.Null(bench.Controller.NextTick);
        bench.Runtime.Size.Doubt();
        Assert.Same(bench.Runtime, doubts.Take());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void APathThatRoutersHaveNarrowedIsLookedAtWithKeepalivesOrWithoutThemOnceAMinute(int keepaliveSeconds)
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0) with { KeepaliveTime = TimeSpan.FromSeconds(keepaliveSeconds), DeadTime = TimeSpan.Zero }));
        bench.Controller.Tick(TimeSpan.Zero);
        TimeSpan? keepalive = keepaliveSeconds == 0 ? null : TimeSpan.FromSeconds(10);
        bench.Controller.SizeDoubted(TimeSpan.Zero);
        bench.Controller.Tick(TimeSpan.FromSeconds(1));
        Assert.Equal(keepalive, bench.Controller.NextTick);

        bench.Controller.Paths[0].InterfaceMtu = LoopbackMtu + 1;
        bench.Controller.SizeDoubted(TimeSpan.FromSeconds(2));
        bench.Controller.Tick(TimeSpan.FromSeconds(3));
        Assert.Equal(keepalive ?? TimeSpan.FromSeconds(63), bench.Controller.NextTick);
        bench.Controller.Tick(TimeSpan.FromSeconds(63));
        Assert.Equal(keepalive is null ? TimeSpan.FromSeconds(123) : TimeSpan.FromSeconds(73), bench.Controller.NextTick);
        bench.Controller.Paths[0].InterfaceMtu = LoopbackMtu;
        bench.Controller.Tick(TimeSpan.FromSeconds(123));
        Assert.Equal(keepalive is null ? null : TimeSpan.FromSeconds(133), bench.Controller.NextTick);
    }

    [Fact]
    public void ANewPathMtuAllowsRunsAgain()
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0)));
        UdpSocket socket = bench.Runtime.Paths[0].Socket!;
        Assert.True(socket.TryShortenRuns(Libc.EMSGSIZE, 2, 1401));
        Assert.True(bench.Controller.Paths[0].ReadMtu());
        Assert.Equal(int.MaxValue, socket.LongestSegment);
        Assert.True(socket.TryShortenRuns(Libc.EMSGSIZE, 2, 1401));
        Assert.False(bench.Controller.Paths[0].ReadMtu());
        Assert.Equal(1400, socket.LongestSegment);
        // Where the interface cannot cut, it cannot at any MTU.
        bench.Runtime.Paths[0].Socket = null;
        Assert.True(bench.Controller.Paths[0].ReadMtu());
        Assert.True(socket.TryShortenRuns(Libc.EIO, 2, 1401));
        bench.Runtime.Paths[0].Socket = socket;
        Assert.True(bench.Controller.Paths[0].ReadMtu());
        Assert.Equal(0, socket.LongestSegment);
    }

    [Fact]
    public void ThePathIsNoWiderThanItsInterface()
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0)));
        foreach ((int interfaceMtu, int pathMtu) in new[] { (1400, 1400), (LoopbackMtu + 1, LoopbackMtu), (0, LoopbackMtu) })
        {
            bench.Controller.Paths[0].InterfaceMtu = interfaceMtu;
            bench.Controller.Paths[0].ReadMtu();
            Assert.Equal(pathMtu, bench.Controller.Paths[0].PathMtu);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", LoopbackMtu)]
    [InlineData("::1", LoopbackMtuIPv6)]
    public void AConnectedSocketKnowsItsPathMtu(string address, int mtu)
    {
        using UdpSocket socket = UdpSocket.Bind(new IPEndPoint(IPAddress.Parse(address), 0), scope: 0, mark: 0, share: false, Offloads.All);
        Assert.Null(socket.PathMtu);
        socket.Connect(BenchPeer.EndPointOf(socket), scope: 0);
        Assert.Equal(mtu, socket.PathMtu);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void WithoutChecksumsThereAreNoRuns(string address)
    {
        IPEndPoint any = new(IPAddress.Parse(address), 0);
        using UdpSocket plain = UdpSocket.Bind(any, scope: 0, mark: 0, share: false, Offloads.All, checksum: false);
        Assert.Equal(0, plain.LongestSegment);
        plain.ForgetRefusedRuns();
        Assert.Equal(0, plain.LongestSegment);
        using UdpSocket peer = UdpSocket.Bind(any, scope: 0, mark: 0, share: false, Offloads.All);
        Assert.Equal(int.MaxValue, peer.LongestSegment);
    }
}
