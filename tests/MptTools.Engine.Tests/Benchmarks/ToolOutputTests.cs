using MptTools.Bench.Report;

namespace MptTools.Engine.Tests.Benchmarks;

/// <summary>What iperf3 and ping write is read, and whatever else comes is answered with a sentence.</summary>
public class ToolOutputTests
{
    [Fact]
    public void OfTcpTheReceiversRateIsRead()
    {
        IperfReport report = IperfReport.Parse(Sample("tcp.json"));
        Assert.Equal(17126555813.114305, report.BitsPerSecond);
        Assert.Equal(2, report.Retransmissions);
        Assert.Equal(0, report.PacketsSent);
    }

    [Fact]
    public void OfUdpWhatWasSentIsReadAndWhatWasReceived()
    {
        IperfReport report = IperfReport.Parse(Sample("udp.json"));
        Assert.Equal(84730218.57766345, report.BitsPerSecond);
        Assert.Equal(166880, report.PacketsSent);
    }

    [Fact]
    public void OlderVersionsHaveOneSumForUdp()
    {
        IperfReport report = IperfReport.Parse("""{"end": {"sum": {"bits_per_second": 1e6, "packets": 17, "lost_packets": 3}}}""");
        Assert.Equal(new IperfReport(1e6, 0, 17), report);
    }

    [Fact]
    public void AnErrorOfIperfIsPassedOn()
    {
        FormatException e = Assert.Throws<FormatException>(() => IperfReport.Parse(
            """{"start": {}, "intervals": [], "end": {}, "error": "unable to connect to server: Connection refused"}"""));
        Assert.Contains("Connection refused", e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("iperf3: error")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"end": 3}""")]
    [InlineData("""{"end": {}}""")]
    [InlineData("""{"end": {"sum_received": {"bits_per_second": "fast"}}}""")]
    public void WhatIsNoReportIsSaidToBeNone(string text) => Assert.Throws<FormatException>(() => IperfReport.Parse(text));

    [Fact]
    public void DamagedReportsAreReadOrRefused()
    {
        string whole = Sample("udp.json");
        PropertyCheck.Holds(PropertyCheck.AnyUInt32, seed =>
        {
            Random random = new((int)seed);
            char[] damaged = [.. whole[..random.Next(1, whole.Length + 1)]];
            for (int i = random.Next(8); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (char)random.Next(32, 127);
            }
            return IsAnswered(() => IperfReport.Parse(new string(damaged)));
        });
    }

    [Fact]
    public void PingTellsTheShortestAndTheMean()
    {
        PingReport report = PingReport.Parse(
            """
            PING 10.0.0.3 (10.0.0.3) from 10.0.0.2 : 56(84) bytes of data.

            --- 10.0.0.3 ping statistics ---
            500 packets transmitted, 500 received, 0% packet loss, time 1002ms
            rtt min/avg/max/mdev = 0.030/0.052/0.214/0.011 ms
            """);
        Assert.Equal(30, report.MinimumMicroseconds, precision: 9);
        Assert.Equal(52, report.MeanMicroseconds, precision: 9);
    }

    [Theory]
    [InlineData("")]
    [InlineData("500 packets transmitted, 0 received, 100% packet loss, time 1002ms")]
    public void WithoutAnEchoThereIsNoTime(string text) => Assert.Throws<FormatException>(() => PingReport.Parse(text));

    private static bool IsAnswered(Action parse)
    {
        try
        {
            parse();
        }
        catch (FormatException e)
        {
            return e.Message.Length > 0;
        }
        return true;
    }

    private static string Sample(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "iperf3", file));
}
