using System.Globalization;

namespace MptTools.Lab.Tests.LabSelf;

/// <summary>What is left of a lab whose process ended without disposing it.</summary>
public class EndingTests
{
    private const int SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGABRT = 6, SIGKILL = 9, SIGTERM = 15;

    [LabTheory]
    [InlineData(SIGINT)]
    [InlineData(SIGTERM)]
    [InlineData(SIGHUP)]
    [InlineData(SIGQUIT)]
    public void A_signal_removes_the_lab_and_still_ends_the_process(int signal)
    {
        using LabProcess child = StartChild(out int sleeper);
        Assert.NotEmpty(NamespacesOf(child));
        child.Signal(signal);
        Assert.True(child.WaitForExit());
        Assert.Equal(128 + signal, child.ExitCode);
        Assert.Empty(NamespacesOf(child));
        Assert.Null(LabNames.StartOf(sleeper));
    }

    [LabTheory]
    [InlineData("leave", 3)]
    [InlineData("throw", 128 + SIGABRT)]
    public void The_end_of_the_process_removes_the_lab(string command, int exitCode)
    {
        using LabProcess child = StartChild(out int sleeper);
        child.WriteLine(command);
        Assert.True(child.WaitForExit());
        Assert.Equal(exitCode, child.ExitCode);
        Assert.Empty(NamespacesOf(child));
        Assert.Null(LabNames.StartOf(sleeper));
    }

    [LabFact]
    public void What_a_killed_process_leaves_the_next_lab_removes()
    {
        using LabProcess child = StartChild(out int sleeper);
        child.Signal(SIGKILL);
        Assert.True(child.WaitForExit());
        Assert.Equal(2, NamespacesOf(child).Length);
        Assert.NotNull(LabNames.StartOf(sleeper));
        using var next = new LabNetwork("self");
        Assert.Empty(NamespacesOf(child));
        Assert.Null(LabNames.StartOf(sleeper));
    }

    private static LabProcess StartChild(out int sleeper)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string assembly = typeof(EndingTests).Assembly.Location;
        var child = new LabProcess(SystemCommand.Launch(SystemCommand.Describe(dotnet, ["exec", assembly])), "lab child");
        try
        {
            OutputLine line = child.WaitForLine("process ", TimeSpan.FromSeconds(30));
            sleeper = int.Parse(line.Text["process ".Length..], CultureInfo.InvariantCulture);
            child.WaitForLine("ready");
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    private static string[] NamespacesOf(LabProcess child) =>
        [.. LabNames.All().Where(name => name.StartsWith($"mptlab-{child.Id}-", StringComparison.Ordinal))];
}
