using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.Linux;

/// <summary>What NetworkManager's client answers when it is asked for an interface's gateway.</summary>
public sealed class NetworkManagerTests
{
    [Theory]
    [InlineData("10.1.1.1\n", 4, "10.1.1.1")]
    [InlineData("10.1.1.1", 4, "10.1.1.1")]
    [InlineData(" 10.1.1.1 \r\n", 4, "10.1.1.1")]
    [InlineData("fe80::1\n", 6, "fe80::1")]
    [InlineData("fd00:1::1\n", 6, "fd00:1::1")]
    [InlineData("\n\n10.1.1.1\n10.1.1.254\n", 4, "10.1.1.1")]
    [InlineData("--\n10.1.1.1\n", 4, "10.1.1.1")]
    public void ItIsTheFirstAddressOfTheVersionAskedFor(string output, int version, string gateway) =>
        Assert.Equal(gateway, NetworkManager.ReadGateway(output, version)?.ToString());

    [Theory]
    [InlineData("", 4)]
    [InlineData("", 6)]
    [InlineData("\n", 4)]
    [InlineData("--\n", 4)]
    [InlineData("--\n", 6)]
    [InlineData("fd00:1::1\n", 4)]
    [InlineData("fe80\\:\\:1\n", 6)]
    [InlineData("10.1.1.1\n", 6)]
    [InlineData("0.0.0.0\n", 4)]
    [InlineData("::\n", 6)]
    [InlineData("10.1.1.1/24\n", 4)]
    [InlineData("10.1.1.1 dev eth1\n", 4)]
    [InlineData("10.1.1.256\n", 4)]
    [InlineData("10.1\n", 4)]
    [InlineData("167838209\n", 4)]
    [InlineData("0x0a010101\n", 4)]
    [InlineData("Error: Device 'eth9' not found.\n", 4)]
    [InlineData("\0\u0001\uffff\n", 4)]
    public void WhatIsNoneIsNotTakenForOne(string output, int version) => Assert.Null(NetworkManager.ReadGateway(output, version));
}
