using System.Net;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class MappedAddressTests
{
    [Theory]
    [InlineData("10.1.1.2", "00000000000000000000FFFF0A010102")]
    [InlineData("0.0.0.0", "00000000000000000000FFFF00000000")]
    [InlineData("255.255.255.255", "00000000000000000000FFFFFFFFFFFF")]
    [InlineData("fec0::2", "FEC00000000000000000000000000002")]
    [InlineData("::", "00000000000000000000000000000000")]
    [InlineData("::1", "00000000000000000000000000000001")]
    public void AnAddressIsSixteenBytes(string text, string hex)
    {
        var address = IPAddress.Parse(text);
        Span<byte> written = stackalloc byte[MappedAddress.Length];
        MappedAddress.Write(written, address);
        Assert.Equal(hex, Convert.ToHexString(written));
        Assert.Equal(address, MappedAddress.Read(written));
        Assert.Equal(MappedAddress.ToInteger(address), MappedAddress.ReadInteger(written));
        Assert.Equal(text.Contains('.'), MappedAddress.IsIPv4(MappedAddress.ReadInteger(written)));
    }

    [Fact]
    public void TheMappedFormIsAnIPv4Address() =>
        Assert.Equal(
            MappedAddress.ToInteger(IPAddress.Parse("10.1.1.2")), MappedAddress.ToInteger(IPAddress.Parse("::ffff:10.1.1.2")));
}
