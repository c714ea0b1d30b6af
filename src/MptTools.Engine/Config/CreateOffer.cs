using System.Net;

namespace MptTools.Engine.Config;

/// <summary>A path as the other end of a create describes it.</summary>
/// <param name="IPVersion">4 or 6.</param>
/// <param name="PublicAddress">The address the path is reached at; null where the other end does not know it.</param>
/// <param name="KeepaliveTime">keepalive_time.</param>
/// <param name="DeadTime">dead_time.</param>
/// <param name="WeightOut">weight_out there.</param>
/// <param name="WeightIn">weight_out here, as the other end wishes it.</param>
internal sealed record CreatePathOffer(
    int IPVersion, IPAddress? PublicAddress, TimeSpan KeepaliveTime, TimeSpan DeadTime, int WeightOut, int WeightIn);

/// <summary>What one end of a create takes from the text of the other; all else in that text is the other end's own affair.</summary>
internal sealed record CreateOffer
{
    /// <summary>No text is longer: it comes in one datagram.</summary>
    public const int MaxBytes = 1 << 16;

    private const int LongestName = 100;

    /// <summary>name, up to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>ip_ver: 4 or 6.</summary>
    public required int IPVersion { get; init; }

    /// <summary>ip_local: the other end's tunnel address.</summary>
    public required IPAddress LocalAddress { get; init; }

    /// <summary>local_port: its port for data.</summary>
    public required int LocalPort { get; init; }

    /// <summary>local_cmd_port: its port for commands.</summary>
    public required int LocalCommandPort { get; init; }

    /// <summary>reorder_window, 0 to 10000 packets.</summary>
    public required int ReorderWindow { get; init; }

    /// <summary>auth_type.</summary>
    public required AuthenticationType AuthenticationType { get; init; }

    /// <summary>network_count is not 0.</summary>
    public required bool HasNetworks { get; init; }

    /// <summary>The other end is MptTools.</summary>
    public bool IsOurs { get; init; }

    /// <summary>The paths, [path_0] first; 1 to 20.</summary>
    public required IReadOnlyList<CreatePathOffer> Paths { get; init; }

    /// <summary>
    /// Reads a create's text, whoever sent it. The first four characters are skipped, and a last line without an ending was
    /// cut off and is not read: half of a number is another number.
    /// </summary>
    /// <param name="source">What messages call the text.</param>
    /// <param name="text">The payload of round 3 or 4.</param>
    /// <returns>The offer or null, and what is wrong; never an exception.</returns>
    public static ConfigResult<CreateOffer> Read(string source, ReadOnlyMemory<byte> text)
    {
        var faults = new FaultList();
        CreateOffer? offer = null;
        if (text.Length > MaxBytes)
        {
            faults.Error(source, 0, null, null, $"The text is longer than {MaxBytes} bytes. That is no connection.");
        }
        else if (IniDocument.Parse(source, WholeLines(text), faults) is { } document)
        {
            offer = Read(source, document, faults);
            offer = offer is null ? null : offer with { IsOurs = CreateText.IsMarked(text.Span) };
        }

        return new ConfigResult<CreateOffer>(faults.HasErrors ? null : offer, faults.ToList());
    }

    private static ReadOnlyMemory<byte> WholeLines(ReadOnlyMemory<byte> text)
    {
        text = text[Math.Min(CreateText.SkippedLength, text.Length)..];
        int zero = text.Span.IndexOf((byte)0);
        text = zero < 0 ? text : text[..zero];
        return text[..(text.Span.LastIndexOfAny((byte)'\r', (byte)'\n') + 1)];
    }

    private static CreateOffer? Read(string source, IniDocument document, FaultList faults)
    {
        if (document.Find("connection") is not { } section)
        {
            faults.Error(source, 0, "connection", null, "The section is missing, so the text describes no connection.");
            return null;
        }

        var reader = new SectionReader(source, section, KnownKeys.Connection, faults);
        string? name = reader.Word("name", "one word of up to 100 characters", WhyNoName);
        int? version = reader.Choice("ip_ver", "4 or 6", 4, 6);
        IPAddress? local = reader.Address("ip_local", version, mandatory: true);
        int? port = reader.Number("local_port", 1, 65535);
        int? commandPort = reader.Number("local_cmd_port", 1, 65535);
        int? window = reader.Number("reorder_window", 0, 10000, fallback: 0);
        int? authentication = reader.Number("auth_type", 0, 2);
        int? networks = reader.Number("network_count", 0, int.MaxValue, fallback: 0);
        int? count = reader.Number("path_count", 1, ConfigRanges.MaxPaths);
        List<CreatePathOffer> paths = [];
        foreach ((_, IniSection path) in NumberedSections.Select(document, source, "path_", ("path_count", reader.LineOf("path_count"), count), faults))
        {
            if (ReadPath(source, path, faults) is { } offer)
            {
                paths.Add(offer);
            }
        }

        return faults.HasErrors || name is null || version is not { } ipVersion || local is null || port is not { } localPort
            || commandPort is not { } localCommandPort || window is not { } packets || authentication is not { } authenticationType
            ? null
            : new CreateOffer
            {
                Name = name,
                IPVersion = ipVersion,
                LocalAddress = local,
                LocalPort = localPort,
                LocalCommandPort = localCommandPort,
                ReorderWindow = packets,
                AuthenticationType = (AuthenticationType)authenticationType,
                HasNetworks = networks > 0,
                Paths = paths,
            };
    }

    private static CreatePathOffer? ReadPath(string source, IniSection section, FaultList faults)
    {
        var reader = new SectionReader(source, section, KnownKeys.Path, faults);
        int? version = reader.Choice("ip_ver", "4 or 6", 4, 6);
        // Whatever version it is of, it stands for an address that is not known.
        IPAddress? address = reader.Is("public_ipaddr", "::") ? null : reader.Address("public_ipaddr", version, mandatory: true, mayBeFound: true);
        // Every text has these keys, unless it was cut off before them: a default would be a guess.
        foreach (string key in (ReadOnlySpan<string>)["keepalive_time", "dead_time"])
        {
            if (!reader.Has(key))
            {
                reader.Error(key, "The key is missing, so the text is not whole.");
            }
        }

        (TimeSpan? keepalive, TimeSpan? dead) = PathReader.ReadTimers(reader);
        int? weightOut = reader.Number("weight_out", 1, ConfigRanges.MaxWeight);
        int? weightIn = reader.Number("weight_in", 1, ConfigRanges.MaxWeight);
        return version is { } ipVersion && keepalive is { } keepaliveTime && dead is { } deadTime && weightOut is { } wOut && weightIn is { } wIn
            ? new CreatePathOffer(ipVersion, AddressText.IsToBeFound(address) ? null : address, keepaliveTime, deadTime, wOut, wIn)
            : null;
    }

    private static string? WhyNoName(string name) => name.Length > LongestName ? "is too long for a name" : ConnectionReader.WhyNoName(name);
}
