using System.Collections;
using System.Management.Automation;
using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>Makes a lab: hosts that are network namespaces of this machine, links between them, and configuration for two of them.</summary>
[Cmdlet(VerbsCommon.New, "MptLab", DefaultParameterSetName = CountSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(MptLabInfo))]
public sealed class NewMptLabCommand : LinuxCmdlet
{
    private const string CountSet = "Count", TableSet = "Table", DefaultName = "lab";

    private static readonly string[] DefaultHosts = ["A", "B"];

    /// <summary>Its name: 1 to 40 letters, digits, '_' or '.'; lab, lab2 and so on where left out.</summary>
    [Parameter(Position = 0)]
    [ValidateLabName]
    public string? Name { get; set; }

    /// <summary>The names of its hosts, at least two: 1 to 40 letters, digits, '_' or '.' each. A and B where left out.</summary>
    [Parameter]
    [ValidateCount(2, 100)]
    [ValidateLabName]
    public string[]? HostName { get; set; }

    /// <summary>How many links join the first two hosts, 0 to 20; 2 where left out.</summary>
    [Parameter(ParameterSetName = CountSet)]
    [ValidateNumber(0, LabLimits.MaximumLinks)]
    public int LinkCount { get; set; } = 2;

    /// <summary>The links, a hashtable each, with keys as the properties of Get-MptLabLink's objects; all may be left out.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TableSet)]
    [ValidateNotNullOrEmpty]
    public IDictionary[] Link { get; set; } = [];

    /// <summary>Megabits that each link transmits in a second, 0 to 100000; 0: no limit.</summary>
    [Parameter]
    [ValidateNumber(0.0, LabLimits.MaximumRateMbps)]
    public double? RateMbps { get; set; }

    /// <summary>How long packets are under way on each link after they were transmitted, in milliseconds, 0 to 60000.</summary>
    [Parameter]
    [ValidateNumber(0.0, LabLimits.MaximumMilliseconds)]
    public double? DelayMilliseconds { get; set; }

    /// <summary>How much shorter or longer than the delay packets may be under way, in milliseconds, 0 to 60000.</summary>
    [Parameter]
    [ValidateNumber(0.0, LabLimits.MaximumMilliseconds)]
    public double? JitterMilliseconds { get; set; }

    /// <summary>How many of a hundred packets get lost on each link, 0 to 100.</summary>
    [Parameter]
    [ValidateNumber(0.0, 100.0)]
    public double? LossPercent { get; set; }

    /// <summary>How many packets may wait for transmission on each link, 0 to 1000000.</summary>
    [Parameter]
    [ValidateNumber(0, LabLimits.MaximumQueuePackets)]
    public int? QueuePackets { get; set; }

    /// <summary>The MTU of the links' interfaces in bytes, 68 to 65535.</summary>
    [Parameter]
    [ValidateNumber(LabLimits.MinimumMtu, LabLimits.MaximumMtu)]
    public int Mtu { get; set; } = LabNetworkMtu;

    /// <summary>Emulated: links with rate, delay and loss of their own. Veth: devices of the kernel, as fast as the machine.</summary>
    [Parameter]
    [ValidateSet(RunningLink.Emulated, RunningLink.Veth)]
    public string LinkType { get; set; } = RunningLink.Emulated;

    /// <summary>
    /// Where the hosts' configuration directories are made and stay; a host that has an interface.conf there keeps its files. Without it they
    /// are made in a directory that goes with the lab.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ConfigPath { get; set; }

    private const int LabNetworkMtu = 1500;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string name = Name ?? FreeName();
        LabPlan plan;
        try
        {
            plan = Plan(name);
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(LabErrors.BadPlan(e.Message, name));
            return;
        }
        if (IsTaken(name))
        {
            ThrowTerminatingError(LabErrors.Exists(name));
        }
        if (ShouldProcess($"lab {name} (hosts {string.Join(", ", plan.Hosts)}; links {string.Join(", ", plan.Links.Select(link => link.Name))})", "Make"))
        {
            Make(plan);
        }
    }

    private void Make(LabPlan plan)
    {
        ProgressRecord progress = new(0, $"Making lab {plan.Name}", "Network namespaces");
        RunningLab lab;
        try
        {
            lab = RunningLab.Make(plan, part =>
            {
                // Before each part: an interrupted command leaves nothing.
                if (Stopping)
                {
                    throw new PipelineStoppedException();
                }
                WriteVerbose($"Making {part} of lab {plan.Name}.");
                progress.StatusDescription = part;
                WriteProgress(progress);
            });
        }
        catch (Exception e) when (e is LabException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            ThrowTerminatingError(LabErrors.NotMade(e, plan.Name));
            return;
        }
        finally
        {
            progress.RecordType = ProgressRecordType.Completed;
            WriteProgressEnd(progress);
        }
        if (!LabStore.TryAdd(lab))
        {
            // Another runspace was quicker.
            lab.Remove();
            ThrowTerminatingError(LabErrors.Exists(plan.Name));
        }
        WriteObject(lab.Info());
    }

    private void WriteProgressEnd(ProgressRecord progress)
    {
        if (!Stopping)
        {
            WriteProgress(progress);
        }
    }

    private LabPlan Plan(string name)
    {
        LabConditions conditions = new(RateMbps, DelayMilliseconds, JitterMilliseconds, LossPercent, QueuePackets);
        LabEndPlan nowhere = new("", "", "");
        LabLinkPlan all = new("", LinkType, nowhere, nowhere, conditions, Mtu);
        IDictionary[] tables = ParameterSetName == TableSet ? Link : [.. Enumerable.Range(0, LinkCount).Select(_ => new Hashtable())];
        LabLinkTable[] links = [.. tables.Select((table, index) => new LabLinkTable(table, index + 1))];
        string[] hosts = HostName ?? Hosts(links);
        LabLinkPlan[] plans = [.. links.Select(link => link.Read(hosts, all))];
        Require(hosts, plans);
        string? path = ConfigPath is null ? null : GetUnresolvedProviderPathFromPSPath(ConfigPath);
        return new LabPlan(name, hosts, plans, path);
    }

    /// <summary>The hosts that links name, those of a plain lab where they name fewer than two.</summary>
    private static string[] Hosts(LabLinkTable[] links)
    {
        string[] named = [.. links.SelectMany(link => new[] { link.HostA, link.HostB }).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)];
        return [.. named, .. DefaultHosts.Except(named, StringComparer.OrdinalIgnoreCase).Take(Math.Max(0, 2 - named.Length))];
    }

    private static void Require(string[] hosts, LabLinkPlan[] links)
    {
        if (Twice(hosts) is { } host)
        {
            throw new ArgumentException($"Two hosts have the name '{host}'; each needs one of its own.");
        }
        if (Twice(links.Select(link => link.Name)) is { } name)
        {
            throw new ArgumentException($"Two links have the name '{name}'; each needs one of its own.");
        }
        LabEndPlan[] ends = [.. links.SelectMany(link => new[] { link.A, link.B })];
        if (ends.FirstOrDefault(end => !hosts.Contains(end.Host, StringComparer.Ordinal)) is { } stray)
        {
            throw new ArgumentException($"A link ends at host '{stray.Host}', which the lab does not have; it has {string.Join(", ", hosts)}.");
        }
        if (Twice(ends.Select(end => $"{end.Host}:{end.Interface}")) is { } twice)
        {
            throw new ArgumentException($"Two links have the interface {twice}; each needs one of its own.");
        }
        if (ends.FirstOrDefault(end => end.Interface.Length > 15) is { } tooLong)
        {
            throw new ArgumentException($"The interface name '{tooLong.Interface}' is too long; Linux takes 15 characters.");
        }
    }

    private static string? Twice(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1)?.Key;

    private static string FreeName()
    {
        for (int number = 1; ; number++)
        {
            string name = number == 1 ? DefaultName : $"{DefaultName}{number}";
            if (!IsTaken(name))
            {
                return name;
            }
        }
    }

    private static bool IsTaken(string name) => LabStore.All.Any(lab => lab.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
