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
    [InlineData("check --config /x", nameof(Job.Check))]
    [InlineData("--help", nameof(Job.Help))]
    [InlineData("-h", nameof(Job.Help))]
    [InlineData("--version", nameof(Job.Version))]
    public void Other_jobs_are_known(string line, string job) =>
        Assert.Equal(job, Options.Parse(line.Split(' '), out _)!.Job.ToString());

    [Theory]
    [InlineData("--config", "--config needs a directory.")]
    [InlineData("--config=", "--config needs a directory.")]
    [InlineData("-x", "'-x' is not understood.")]
    [InlineData("-d check", "'check' is not understood.")]
    [InlineData("start", "'start' is not understood.")]
    public void What_is_not_understood_is_named(string line, string expected)
    {
        Assert.Null(Options.Parse(line.Split(' '), out string fault));
        Assert.Equal(expected, fault);
    }
}
