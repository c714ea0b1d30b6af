using System.Collections;
using System.Management.Automation;
using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>What a lab is to be made of.</summary>
/// <param name="ConfigPath">Where the hosts' configuration directories are made; null: in a directory of the lab's own.</param>
internal sealed record LabPlan(string Name, IReadOnlyList<string> Hosts, IReadOnlyList<LabLinkPlan> Links, string? ConfigPath);

/// <summary>One end of a link.</summary>
internal sealed record LabEndPlan(string Host, string Interface, string Address);

/// <summary>A link.</summary>
internal sealed record LabLinkPlan(string Name, string Type, LabEndPlan A, LabEndPlan B, LabConditions Conditions, int Mtu);

/// <summary>What a link is to do to packets; what is null stays as it is.</summary>
internal sealed record LabConditions(
    double? RateMbps, double? DelayMilliseconds, double? JitterMilliseconds, double? LossPercent, int? QueuePackets)
{
    internal bool IsEmpty => this is { RateMbps: null, DelayMilliseconds: null, JitterMilliseconds: null, LossPercent: null, QueuePackets: null };

    internal LinkConditions ApplyTo(LinkConditions old) => old with
    {
        RateBitsPerSecond = RateMbps is { } rate ? (long)Math.Round(rate * 1e6) : old.RateBitsPerSecond,
        Delay = DelayMilliseconds is { } delay ? TimeSpan.FromMilliseconds(delay) : old.Delay,
        Jitter = JitterMilliseconds is { } jitter ? TimeSpan.FromMilliseconds(jitter) : old.Jitter,
        LossProbability = LossPercent / 100 ?? old.LossProbability,
        QueuePackets = QueuePackets ?? old.QueuePackets,
    };

    /// <summary>As in "rate 10 Mbit/s, delay 5 ms".</summary>
    public override string ToString() => string.Join(", ", new[]
    {
        RateMbps is { } rate ? rate == 0 ? "no rate limit" : FormattableString.Invariant($"rate {rate} Mbit/s") : null,
        DelayMilliseconds is { } delay ? FormattableString.Invariant($"delay {delay} ms") : null,
        JitterMilliseconds is { } jitter ? FormattableString.Invariant($"jitter {jitter} ms") : null,
        LossPercent is { } loss ? FormattableString.Invariant($"loss {loss} %") : null,
        QueuePackets is { } queue ? $"queue of {queue} packets" : null,
    }.OfType<string>());
}

/// <summary>Reads links from hashtables, with the keys that the properties of a link's object have.</summary>
internal sealed class LabLinkTable
{
    private static readonly string[] Keys =
    [
        "Link", "Type", "HostA", "InterfaceA", "AddressA", "HostB", "InterfaceB", "AddressB", "RateMbps", "DelayMilliseconds",
        "JitterMilliseconds", "LossPercent", "QueuePackets", "Mtu",
    ];

    private readonly IDictionary table;
    private readonly int number;

    /// <param name="number">The link's place among all, from 1.</param>
    /// <exception cref="ArgumentException">A key is not known.</exception>
    internal LabLinkTable(IDictionary table, int number)
    {
        (this.table, this.number) = (table, number);
        foreach (object key in table.Keys)
        {
            if (!Keys.Contains($"{key}", StringComparer.OrdinalIgnoreCase))
            {
                throw new ArgumentException($"Link {number} has the key '{key}', which no link has; the keys are {string.Join(", ", Keys)}.");
            }
        }
    }

    internal string? HostA => Text("HostA");

    internal string? HostB => Text("HostB");

    /// <param name="hosts">All hosts; the link joins the first two unless it says otherwise.</param>
    /// <param name="all">What goes for all links that say nothing themselves.</param>
    /// <exception cref="ArgumentException">A value cannot be used; the message says which and why.</exception>
    internal LabLinkPlan Read(IReadOnlyList<string> hosts, LabLinkPlan all)
    {
        string name = Text("Link") ?? Text("InterfaceA") ?? $"eth{number}";
        string type = Text("Type") ?? all.Type;
        LabConditions conditions = new(
            Number("RateMbps", 0, LabLimits.MaximumRateMbps) ?? all.Conditions.RateMbps,
            Number("DelayMilliseconds", 0, LabLimits.MaximumMilliseconds) ?? all.Conditions.DelayMilliseconds,
            Number("JitterMilliseconds", 0, LabLimits.MaximumMilliseconds) ?? all.Conditions.JitterMilliseconds,
            Number("LossPercent", 0, 100) ?? all.Conditions.LossPercent,
            (int?)Number("QueuePackets", 0, LabLimits.MaximumQueuePackets) ?? all.Conditions.QueuePackets);
        bool veth = type.Equals(RunningLink.Veth, StringComparison.OrdinalIgnoreCase);
        if (!veth && !type.Equals(RunningLink.Emulated, StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"Link {name} has the type '{type}'; the types are {RunningLink.Emulated} and {RunningLink.Veth}.");
        }
        if (veth && !conditions.IsEmpty)
        {
            throw new ArgumentException(
                $"Link {name} of type {RunningLink.Veth} cannot have a {conditions}; only links of type {RunningLink.Emulated} have rate, delay and loss.");
        }
        return new LabLinkPlan(
            name, veth ? RunningLink.Veth : RunningLink.Emulated,
            End("A", HostA ?? hosts[0], 2), End("B", HostB ?? hosts[1], 3), conditions,
            (int)(Number("Mtu", LabLimits.MinimumMtu, LabLimits.MaximumMtu) ?? all.Mtu));
    }

    private LabEndPlan End(string end, string host, int last) => new(
        host, Text($"Interface{end}") ?? Text("Link") ?? $"eth{number}", Text($"Address{end}") ?? $"10.{number}.{number}.{last}/24");

    // Keys of a hashtable literal are compared without case, those of other dictionaries may not be.
    private object? Value(string key) => table.Keys.Cast<object>()
        .Where(own => string.Equals($"{own}", key, StringComparison.OrdinalIgnoreCase)).Select(own => table[own]).FirstOrDefault();

    private string? Text(string key) => Value(key)?.ToString() is { Length: > 0 } text ? text : null;

    private double? Number(string key, double minimum, double maximum)
    {
        if (Value(key) is not { } value)
        {
            return null;
        }
        return LanguagePrimitives.TryConvertTo(value, out double number) && number >= minimum && number <= maximum
            ? number
            : throw new ArgumentException($"Link {this.number} has {key} = '{value}'; it must be a number from {minimum} to {maximum}.");
    }
}

/// <summary>What a link can be.</summary>
internal static class LabLimits
{
    internal const double MaximumRateMbps = 100_000, MaximumMilliseconds = 60_000;
    internal const int MaximumQueuePackets = 1_000_000, MinimumMtu = 68, MaximumMtu = 65_535, MaximumLinks = 20;
}
