using MptTools.Lab;

// Two cores and one kernel: labs measure time and load, so they run one after another.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly, DisableTestParallelization = true)]

namespace MptTools.Lab.Tests;

/// <summary>A fact that needs a lab, and perhaps programs of the system; where these are missing it is skipped and says
/// why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LabFactAttribute : FactAttribute
{
    /// <summary>Programs the fact needs besides ip, such as "iperf3"; see <see cref="SystemTools"/>.</summary>
    public string[] Tools { get; set; } = [];

    /// <inheritdoc/>
    public override string? Skip
    {
        get => base.Skip ?? LabSkip.Reason(Tools);
        set => base.Skip = value;
    }
}

/// <summary>A theory that needs a lab, and perhaps programs of the system; where these are missing it is skipped and
/// says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LabTheoryAttribute : TheoryAttribute
{
    /// <summary>Programs the theory needs besides ip, such as "iperf3"; see <see cref="SystemTools"/>.</summary>
    public string[] Tools { get; set; } = [];

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
