using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>What becomes of a tunnel's MTU when its paths take more or less.</summary>
public sealed class TunnelMtuTests
{
    private static readonly TunnelConfig Dual = Configs.Tunnel with { AutoMtu = true };
    private static readonly TunnelConfig IPv4Only = Dual with { IPv6 = null };

    [Fact]
    public void AnAutomaticMtuFollowsUpAndDown()
    {
        Bench bench = new(Dual);
        bench.Take(1464, 1444, 1444, 1464, 8964);
        Assert.Equal([1464, 1444, 1464, 8964], bench.Set);
        Assert.Equal(8964, bench.Tunnel.Mtu);
        Assert.Equal(
            [("1440", "1464"), ("1464", "1444"), ("1444", "1464"), ("1464", "8964")],
            bench.Events().Select(item => (item.OldState!, item.NewState!)));
        Assert.Equal("The MTU of tun0 is 1444 now (it was 1464), for the narrowest path.", bench.Events()[1].Message);
        Assert.All(bench.Events(), item => Assert.Equal(MptEventKind.MtuChanged, item.Kind));
    }

    [Fact]
    public void WhatItIsAlreadyIsNotSet()
    {
        Bench bench = new(Dual);
        bench.Take(1440);
        Assert.Empty(bench.Set);
        Assert.Empty(bench.Events());
    }

    [Fact]
    public void WithIPv6ItStaysAbove1280AndTheAdminIsTold()
    {
        Bench bench = new(Dual);
        bench.Take(1244);
        Assert.Equal([1280], bench.Set);
        Assert.Equal([MptEventKind.MtuChanged, MptEventKind.Warning], bench.Events().Select(item => item.Kind));
        Assert.StartsWith("IPv6 needs packets of 1280 bytes (RFC 8200), but only 1244 fit through the narrowest path: longer IPv6 packets in tun0 are lost.", bench.Events()[1].Message);
        bench = new Bench(IPv4Only);
        bench.Take(1244, 10);
        Assert.Equal([1244, 68], bench.Set);
        Assert.All(bench.Events(), item => Assert.Equal(MptEventKind.MtuChanged, item.Kind));
    }

    [Fact]
    public void NoMtuIsAboveWhatDevicesTake()
    {
        Bench bench = new(Dual);
        bench.Take(65_600);
        Assert.Equal([65_535], bench.Set);
    }

    [Fact]
    public void AFixedMtuThatDoesNotFitIsToldWithTheOneThatDoes()
    {
        Bench bench = new(Configs.Tunnel with { Mtu = 1500 });
        bench.Take(1464, 1500, 1600, 1444);
        Assert.Empty(bench.Set);
        Assert.Equal(1500, bench.Tunnel.Mtu);
        Assert.Equal(
            [
                "The mtu of tun0 is 1500, but only 1464 bytes fit through the narrowest path: longer packets are cut in two or sent back, which costs speed. Write mtu = 1464 or mtu = auto in interface.conf.",
                "The mtu of tun0 is 1500, but only 1444 bytes fit through the narrowest path: longer packets are cut in two or sent back, which costs speed. Write mtu = 1444 or mtu = auto in interface.conf.",
            ],
            bench.Events().Select(item => item.Message));
        bench = new Bench(Configs.Tunnel);
        bench.Take(1244);
        Assert.StartsWith("IPv6 needs packets of 1280 bytes", Assert.Single(bench.Events()).Message);
    }

    [Fact]
    public void AnMtuThatCannotBeSetIsToldAndTriedAgainWithTheNextChange()
    {
        Bench bench = new(Dual) { Refusal = "RTNETLINK answers: Operation not permitted" };
        bench.Take(1464);
        Assert.Equal(1440, bench.Tunnel.Mtu);
        Assert.Equal("The MTU of tun0 cannot be changed from 1440 to 1464: RTNETLINK answers: Operation not permitted Packets that do not fit are cut or sent back.", Assert.Single(bench.Events()).Message);
        bench.Refusal = null;
        bench.Take(1460);
        Assert.Equal(1460, bench.Tunnel.Mtu);
    }

    [Fact]
    public void TheNarrowestOpenPathOfTheTunnelsConnectionsCounts()
    {
        using ControllerBench paths = new(Configs.Connection(
            Configs.Path(0), Configs.Path(1) with { IPVersion = 6 }, Configs.Path(2)) with { ReorderWindow = 100 });
        TunnelMtu mtu = new Bench(Dual, paths.Runtime.Tunnel).Mtu, other = new Bench(Dual).Mtu;
        Assert.Null(mtu.FindNarrowest([paths.Controller]));

        paths.PassTo(0);
        // The loopback interface takes 65,536 bytes, but no IPv4 packet is that long.
        Assert.Equal([65_535 - 36, 65_536 - 56, 65_535 - 36], paths.Controller.Paths.Select(path => path.LargestInner!.Value));
        Assert.Same(paths.Controller.Paths[1], mtu.FindNarrowest([paths.Controller]));
        Assert.Null(other.FindNarrowest([paths.Controller]));
        // One that is down may come up at any time; one that has no socket counts for nothing.
        paths.Controller.SetPathStatus(1, up: false, TimeSpan.Zero);
        Assert.Same(paths.Controller.Paths[1], mtu.FindNarrowest([paths.Controller]));
        paths.Controller.Paths[1].Close();
        paths.Controller.Paths[1].ReadMtu();
        Assert.Same(paths.Controller.Paths[0], mtu.FindNarrowest([paths.Controller]));
    }

    [Fact]
    public void APathThatIsNotInUseDoesNotCount()
    {
        using ControllerBench paths = new(Configs.Connection(Configs.Path(0) with { Status = PathStatusCode.Disabled }));
        paths.Controller.Paths[0].ReadMtu();
        Assert.Equal((65_535, null), (paths.Controller.Paths[0].PathMtu, paths.Controller.Paths[0].LargestInner));
    }

    private sealed class Bench
    {
        private readonly EventHub hub = new(Samples.Patience);
        private readonly List<MptEvent> events = [];

        internal Bench(TunnelConfig config, TunnelRuntime? tunnel = null)
        {
            Tunnel = tunnel ?? new TunnelRuntime(config, TunDevice.FromDescriptors(config.Name, virtioHeaders: false, -1), new ThreadPlan(1), null!);
            hub.Subscribe(events.Add);
            ServerContext context = new("tun0", TimeProvider.System, null!, null!, hub, Offloads.None) { Hooks = new HookRunner("tun0", null, hub, TimeProvider.System) };
            Mtu = new TunnelMtu(context, Tunnel, (device, value) =>
            {
                Assert.Equal(Tunnel.Config.Name, device);
                if (Refusal is null)
                {
                    Set.Add(value);
                }
                return Refusal;
            });
        }

        internal TunnelMtu Mtu { get; }
        internal TunnelRuntime Tunnel { get; }
        internal string? Refusal { get; set; }
        internal List<int> Set { get; } = [];

        internal void Take(params ReadOnlySpan<int> sizes)
        {
            foreach (int fits in sizes)
            {
                Mtu.Take(fits, "the narrowest path");
            }
        }

        /// <summary>All events of the bench; none can come afterwards.</summary>
        internal List<MptEvent> Events()
        {
            Assert.True(hub.Complete());
            return events;
        }
    }
}
