using MptTools.Lab;
using Xunit.Sdk;

// Two cores and one kernel: labs measure time and load, so they run one after another.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly, DisableTestParallelization = true)]

namespace MptTools.Lab.Tests;

/// <summary>A fact that needs a lab, and perhaps programs of the system; where these are missing it is skipped and says
/// why. One about tunnels runs twice: with all offloads and without any (<see cref="OffloadMode"/>).</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("MptTools.Lab.Tests.LabFactDiscoverer", "MptTools.Lab.Tests")]
public sealed class LabFactAttribute : FactAttribute
{
    /// <summary>Programs the fact needs besides ip, such as "iperf3"; see <see cref="SystemTools"/>.</summary>
    public string[] Tools { get; set; } = [];

    /// <summary>The fact says itself which offloads are used, so it runs once.</summary>
    public bool SetsOffloads { get; set; }

    /// <inheritdoc/>
    public override string? Skip
    {
        get => base.Skip ?? LabSkip.Reason(Tools);
        set => base.Skip = value;
    }
}

/// <summary>A theory that needs a lab, and perhaps programs of the system; where these are missing it is skipped and
/// says why. One about tunnels runs twice: with all offloads and without any (<see cref="OffloadMode"/>).</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("MptTools.Lab.Tests.LabTheoryDiscoverer", "MptTools.Lab.Tests")]
public sealed class LabTheoryAttribute : TheoryAttribute
{
    /// <summary>Programs the theory needs besides ip, such as "iperf3"; see <see cref="SystemTools"/>.</summary>
    public string[] Tools { get; set; } = [];

    /// <summary>The theory says itself which offloads are used, so it runs once.</summary>
    public bool SetsOffloads { get; set; }

    /// <inheritdoc/>
    public override string? Skip
    {
        get => base.Skip ?? LabSkip.Reason(Tools);
        set => base.Skip = value;
    }
}

internal static class LabSkip
{
    // What is missing besides ip does not come while tests run. ip itself may be installed first.
    private static readonly Lazy<string?> NoLab = new(() =>
        (OperatingSystem.IsLinux() ? SystemTools.WhyMissing("ip") : null) ?? LabRequirements.WhyUnavailable());

    internal static string? Reason(string[] tools) =>
        NoLab.Value ?? tools.Select(SystemTools.WhyMissing).FirstOrDefault(reason => reason is not null);
}
