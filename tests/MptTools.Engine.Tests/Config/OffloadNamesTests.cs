using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class OffloadNamesTests
{
    internal static Gen<Offloads> AnyOffloads => Gen.Choose(0, (int)Offloads.All).Select(bits => (Offloads)bits);

    [Theory]
    [InlineData("tun_tcp", Offloads.TunTcp)]
    [InlineData("tun_udp", Offloads.TunUdp)]
    [InlineData("tun_merge", Offloads.TunMerge)]
    [InlineData("udp_segment", Offloads.UdpSegment)]
    [InlineData("udp_gro", Offloads.UdpGro)]
    [InlineData("all", Offloads.All)]
    [InlineData("None", Offloads.None)]
    [InlineData(" UDP_GRO,\ttun_udp ,, udp_gro ", Offloads.TunUdp | Offloads.UdpGro)]
    [InlineData("udp_gro tun_udp", Offloads.TunUdp | Offloads.UdpGro)]
    [InlineData("udp_gro, all", Offloads.All)]
    public void ListsAreRead(string text, Offloads expected)
    {
        Assert.Null(OffloadNames.Parse(text, out Offloads offloads));
        Assert.Equal(expected, offloads);
    }

    [Theory]
    [InlineData("", "has no name")]
    [InlineData(" , ", "has no name")]
    [InlineData("udp-segment", "names \"udp-segment\", which is no offload")]
    [InlineData("TunTcp", "names \"TunTcp\", which is no offload")]
    [InlineData("tun_tcp;udp_gro", "names \"tun_tcp;udp_gro\", which is no offload")]
    [InlineData("1", "names \"1\", which is no offload")]
    [InlineData("all, none", "has none beside other names")]
    public void WhatIsWrongIsNamed(string text, string expected) => Assert.Equal(expected, OffloadNames.Parse(text, out _));

    [Fact]
    public void WhatIsWrittenIsReadAgain() => PropertyCheck.Holds(
        from offloads in AnyOffloads
        from separator in Gen.Elements(", ", ",", " ", "\t", " ,\t")
        select (offloads, separator),
        input =>
        {
            Assert.Null(OffloadNames.Parse(OffloadNames.Of(input.offloads).Replace(", ", input.separator), out Offloads read));
            Assert.Equal(input.offloads, read);
            return true;
        });

    [Fact]
    public void AnyTextIsAnswered() => PropertyCheck.Holds(
        from letters in Gen.ArrayOf(Gen.Elements("tun_cpdmergsalo ,\t\0é;#".ToCharArray()))
        select new string(letters),
        text =>
        {
            string? fault = OffloadNames.Parse(text, out Offloads offloads);
            Assert.True(fault is not null || (offloads & ~Offloads.All) == 0);
            Assert.DoesNotContain('\0', fault ?? "");
            return true;
        });
}
