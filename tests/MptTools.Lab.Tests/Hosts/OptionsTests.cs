using MptTools.Engine;
using MptTools.Mptsrv;

namespace MptTools.Lab.Tests.Hosts;

public class OptionsTests
{
    [Theory]
    [InlineData("--config /x", "/x", false)]
    [InlineData("--config=/x -d", "/x", true)]
    [InlineData("-d --config /x", "/x", true)]
    [InlineData("--config /x/../y", "/y", false)]
    public void Server_takes_a_directory_and_goes_to_the_background(string line, string directory, bool detach)
    {
        Options options = Options.Parse(line.Split(' '), out _)!;

        Assert.Equal((Job.Serve, directory, detach), (options.Job, options.ConfigDirectory, options.Detach));
    }

    [Theory]
    [InlineData("-d", Offloads.None)]
    [InlineData("--disable-offloads tun_udp,udp_gro -d", Offloads.TunUdp | Offloads.UdpGro)]
    [InlineData("--disable-offloads=all", Offloads.All)]
    [InlineData("--disable-offloads none", Offloads.None)]
    [InlineData("--disable-offloads tun_udp --disable-offloads=tun_tcp", Offloads.TunUdp | Offloads.TunTcp)]
    public void Offloads_to_turn_off_reach_the_server_in_front_and_in_the_background(string line, Offloads expected)
    {
        Options options = Options.Parse(line.Split(' '), out _)!;

        Assert.Equal(expected, options.DisabledOffloads);
        Assert.Equal(expected, Options.Parse([.. options.ServerArguments()], out _)!.DisabledOffloads);
    }

    [Theory]
    [InlineData("-d", null)]
    [InlineData("--threads auto", 0)]
    [InlineData("--threads 1", 1)]
    [InlineData("--threads=64", 64)]
    public void The_number_of_threads_reaches_the_server_in_front_and_in_the_background(string line, int? threads)
    {
        Options options = Options.Parse(line.Split(' '), out _)!;

        Assert.Equal(threads, options.Threads);
        Assert.Equal(threads, Options.Parse([.. options.ServerArguments()], out _)!.Threads);
        Assert.Equal(options.ConfigDirectory, Options.Parse([.. options.ServerArguments()], out _)!.ConfigDirectory);
    }

    [Theory]
    [InlineData("-d", MptEventLevel.Information)]
    [InlineData("--log-level debug", MptEventLevel.Debug)]
    [InlineData("--log-level=error", MptEventLevel.Error)]
    public void The_level_of_the_log_reaches_the_server_in_front_and_in_the_background(string line, MptEventLevel level)
    {
        Options options = Options.Parse(line.Split(' '), out _)!;

        Assert.Equal(level, options.LogLevel);
        Assert.Equal(level, Options.Parse([.. options.ServerArguments()], out _)!.LogLevel);
    }

    [Theory]
    [InlineData("check --config /x", nameof(Job.Check))]
    [InlineData("--help", nameof(Job.Help))]
    [InlineData("-h", nameof(Job.Help))]
    [InlineData("--version", nameof(Job.Version))]
    public void Other_jobs_are_known(string line, string job) =>
        Assert.Equal(job, Options.Parse(line.Split(' '), out _)!.Job.ToString());

    [Theory]
    [InlineData("--config", "--config needs a directory.")]
    [InlineData("--config=", "--config needs a directory.")]
    [InlineData("--disable-offloads", "--disable-offloads needs a list: tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none.")]
    [InlineData("--disable-offloads=", "--disable-offloads has no name. Write tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none.")]
    [InlineData("--disable-offloads tun_tcp,gso -d", "--disable-offloads names \"gso\", which is no offload. Write tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none.")]
    [InlineData("--threads", "--threads needs a number from 1 to 64, or auto.")]
    [InlineData("--threads=", "--threads needs a number from 1 to 64, or auto.")]
    [InlineData("--threads 0", "--threads needs a number from 1 to 64, or auto.")]
    [InlineData("--threads 65", "--threads needs a number from 1 to 64, or auto.")]
    [InlineData("--threads +2", "--threads needs a number from 1 to 64, or auto.")]
    [InlineData("--log-level", "--log-level needs one of error, warning, notice, info, debug.")]
    [InlineData("--log-level Info", "--log-level needs one of error, warning, notice, info, debug.")]
    [InlineData("-x", "'-x' is not understood.")]
    [InlineData("-d check", "'check' is not understood.")]
    [InlineData("start", "'start' is not understood.")]
    public void What_is_not_understood_is_named(string line, string expected)
    {
        Assert.Null(Options.Parse(line.Split(' '), out string fault));
        Assert.Equal(expected, fault);
    }
}
