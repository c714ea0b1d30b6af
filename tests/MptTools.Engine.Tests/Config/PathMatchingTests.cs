using MptTools.Engine.Config;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.Config;

/// <summary>Which path is which, and what is said of the difference.</summary>
public class PathMatchingTests
{
    private static readonly PathConfig[] Three = [Configs.Path(0), Configs.Path(1), Configs.Path(2)];

    [Fact]
    public void APathIsTheSameWhereverItStands()
    {
        Assert.Equal([0, 1, 2], PathMatching.Of(Three, Three));
        Assert.Equal([1, 2], PathMatching.Of(Three, [Three[1] with { Index = 0 }, Three[2] with { Index = 1 }]));
        Assert.Equal([2, 0, 1], PathMatching.Of(Three, [Three[2], Three[0], Three[1]]));
        Assert.Equal([0, -1, 1, 2], PathMatching.Of(Three, [Three[0], Configs.Path(7), Three[1], Three[2]]));
    }

    [Fact]
    public void WithTwoOfInterfaceAndAddressesItIsTheSameOneChanged()
    {
        PathConfig other = Configs.Path(7);
        Assert.Equal([0], PathMatching.Of(Three, [Three[0] with { Interface = other.Interface }]));
        Assert.Equal([0], PathMatching.Of(Three, [Three[0] with { LocalAddress = other.LocalAddress }]));
        Assert.Equal([0], PathMatching.Of(Three, [Three[0] with { RemoteAddress = other.RemoteAddress }]));
        Assert.Equal([-1], PathMatching.Of(Three, [Three[0] with { LocalAddress = other.LocalAddress, RemoteAddress = other.RemoteAddress }]));
        Assert.Equal([-1], PathMatching.Of(Three, [Three[0] with { IPVersion = 6 }]));
        Assert.Equal([1], PathMatching.Of(Three, [Three[1] with { WeightOut = 9, Gateway = other.LocalAddress, UdpChecksum = false }]));
    }

    [Fact]
    public void TheOneThatHasKeptEverythingGoesFirst()
    {
        // To two addresses of the peer by one interface; the first of the two is removed, or moved to a third address.
        PathConfig first = Three[0], second = Three[0] with { Index = 1, RemoteAddress = Three[1].RemoteAddress };
        Assert.Equal([1], PathMatching.Of([first, second], [second with { Index = 0 }]));
        Assert.Equal([0, 1], PathMatching.Of([first, second], [first with { RemoteAddress = Three[2].RemoteAddress }, second]));
    }

    [Fact]
    public void TheDifferenceIsToldInWordsAndWithoutKeys()
    {
        ConnectionConfig before = Configs.Connection(Three) with
        {
            AuthenticationKey = new string('A', 64),
            Networks = [Configs.Network("10.7.0.0/16", "10.8.0.0/16")],
        };
        Assert.Empty(ConnectionDifference.Describe(before, before));
        ConnectionConfig now = before with
        {
            ReorderWindow = 100,
            AuthenticationKey = new string('B', 64),
            Paths = [Three[1] with { Index = 0, WeightOut = 3 }, Three[2] with { Index = 1 }, Configs.Path(7) with { Index = 2 }],
            Networks = [Configs.Network("10.7.0.0/16", "10.9.0.0/16")],
        };
        Assert.Equal(
            [
                "reorder_window is 100 (it was 0)", "another auth_key", "path 0 (eth1) is removed", "path 0: weight_out is 3 (it was 1)", "path 2 (eth8) is new",
                "the network from 10.7.0.0/16 to 10.8.0.0/16 is removed", "the network from 10.7.0.0/16 to 10.9.0.0/16 is new",
            ],
            ConnectionDifference.Describe(before, now));
    }

    [Fact]
    public void OtherTunnelAddressesAreAnotherConnection()
    {
        ConnectionConfig before = Configs.Connection(Three);
        Assert.True(ConnectionDifference.StartsAnew(before, before with { Name = "other" }));
        Assert.True(ConnectionDifference.StartsAnew(before, before with { RemoteAddress = before.LocalAddress }));
        Assert.True(ConnectionDifference.StartsAnew(before, before with { LocalAddress = before.RemoteAddress! }));
        Assert.False(ConnectionDifference.StartsAnew(before, before with { LocalPort = 1, RemotePort = 2, ReorderWindow = 3, File = "x.conf", Paths = [] }));
    }
}
