using MptTools.Bench.Tunnel;

namespace MptTools.Engine.Tests.Benchmarks;

public class TunnelOptionsTests
{
    [Fact]
    public void WithoutOptionsEverythingIsMeasured()
    {
        TunnelOptions options = TunnelOptions.Parse([], out _)!;
        Assert.Equal((false, null, false, TunnelOptions.DefaultOutput), (options.Quick, options.Rounds, options.Pwsh, options.Output));
        Assert.Empty(options.Only);
    }

    [Fact]
    public void OptionsAreUnderstoodInAnyOrder()
    {
        TunnelOptions options = TunnelOptions.Parse(
            ["--only", "tcp1, udp64", "--pwsh", "--rounds", "3", "--output", "out", "--quick", "--only", "veth"], out _)!;
        Assert.Equal((true, 3, true, "out"), (options.Quick, options.Rounds, options.Pwsh, options.Output));
        Assert.Equal(["tcp1", "udp64", "veth"], options.Only);
    }

    [Theory]
    [InlineData("--rounds needs", "--rounds")]
    [InlineData("--rounds needs", "--rounds", "0")]
    [InlineData("--rounds needs", "--rounds", "many")]
    [InlineData("--only needs", "--quick", "--only")]
    [InlineData("--output needs", "--output")]
    [InlineData("'--fast'", "--fast")]
    public void WhatIsWrongIsNamed(string message, params string[] arguments)
    {
        Assert.Null(TunnelOptions.Parse(arguments, out string fault));
        Assert.Contains(message, fault);
    }
}
