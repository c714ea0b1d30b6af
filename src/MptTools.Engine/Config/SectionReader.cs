using System.Globalization;
using System.Net;

namespace MptTools.Engine.Config;

/// <summary>
/// Reads typed values out of one section and reports each that is missing or wrong, once. A null result of a mandatory
/// value means it was reported. Unknown keys are reported when the reader is made.
/// </summary>
internal sealed class SectionReader
{
    private readonly string file;
    private readonly IniSection section;
    private readonly FaultList faults;
    private readonly Dictionary<string, IniEntry> entries = new(StringComparer.OrdinalIgnoreCase);

    public SectionReader(string file, IniSection section, SectionKind kind, FaultList faults)
    {
        this.file = file;
        this.section = section;
        this.faults = faults;
        Name = section.Name.ToLowerInvariant();
        foreach (IniEntry entry in section.Entries)
        {
            Take(entry, kind);
        }
    }

    /// <summary>The section's name as files should write it.</summary>
    public string Name { get; }

    /// <summary>The file it stands in.</summary>
    public string File => file;

    /// <summary>The line of the section's header.</summary>
    public int Line => section.Line;

    /// <summary>The line of a key, or that of the section where the key is missing.</summary>
    public int LineOf(string key) => entries.TryGetValue(key, out IniEntry? entry) ? entry.Line : section.Line;

    /// <summary>The section, with the line of a key or its own where it stands in a file.</summary>
    public string Place(string? key = null) =>
        (key is null ? Line : LineOf(key)) is > 0 and var line ? $"[{Name}] in line {line}" : $"[{Name}]";

    /// <summary>The key stands in the section, with whatever value.</summary>
    public bool Has(string key) => entries.ContainsKey(key);

    public void Error(string key, string message) => faults.Error(file, LineOf(key), Name, key, message);

    public void Warning(string key, string message) => faults.Warning(file, LineOf(key), Name, key, message);

    /// <summary>An error of the section as a whole.</summary>
    public void Error(string message) => faults.Error(file, Line, Name, null, message);

    /// <summary>A warning of the section as a whole.</summary>
    public void Warning(string message) => faults.Warning(file, Line, Name, null, message);

    /// <summary>A whole number; mandatory where there is no <paramref name="fallback"/>.</summary>
    public int? Number(string key, int min, int max, int? fallback = null)
    {
        string wanted = max - min == 1 ? $"{min} or {max}" : $"a whole number from {min} to {max}";
        return Text(key, wanted, fallback?.ToString(CultureInfo.InvariantCulture)) switch
        {
            { Kind: TextKind.Given } text => InRange(key, text.Value, min, max, wanted),
            { Kind: TextKind.Absent } => fallback,
            _ => null,
        };
    }

    /// <summary>A whole number, or a word that 0 stands for; the word is the default where there is no <paramref name="fallback"/>.</summary>
    public int? NumberOrWord(string key, int min, int max, string word, int fallback = 0)
    {
        if (Is(key, word))
        {
            return 0;
        }

        string wanted = $"{word}, or a whole number from {min} to {max}";
        return Text(key, wanted, fallback == 0 ? word : fallback.ToString(CultureInfo.InvariantCulture)) switch
        {
            { Kind: TextKind.Given } text => InRange(key, text.Value, min, max, wanted),
            { Kind: TextKind.Absent } => fallback,
            _ => null,
        };
    }

    /// <summary>A whole number that the file may leave out or leave empty.</summary>
    public int? NumberIfGiven(string key, int min, int max)
    {
        string wanted = $"a whole number from {min} to {max}";
        return Text(key, wanted, fallback: "") is { Kind: TextKind.Given } text ? InRange(key, text.Value, min, max, wanted) : null;
    }

    /// <summary>One of a few numbers.</summary>
    public int? Choice(string key, string wanted, params ReadOnlySpan<int> choices)
    {
        Reading text = Text(key, wanted, fallback: null);
        if (text.Kind != TextKind.Given)
        {
            return null;
        }

        if (AddressText.ParseNumber(text.Value) is { } number and <= int.MaxValue && choices.Contains((int)number))
        {
            return (int)number;
        }

        Error(key, $"{ConfigText.Quote(text.Value)} is none of the possible values. Write {wanted}.");
        return null;
    }

    /// <summary>0 for no, 1 for yes; <paramref name="fallback"/> where the file says nothing.</summary>
    public bool? Switch(string key, bool fallback = false) =>
        Number(key, 0, 1, fallback: fallback ? 1 : 0) is { } number ? number == 1 : null;

    /// <summary>One of two words.</summary>
    /// <returns>Whether it is the second; false where the file says nothing.</returns>
    public bool? OneOf(string key, string first, string second)
    {
        string wanted = $"{first} or {second}";
        Reading text = Text(key, wanted, fallback: first);
        if (text.Kind != TextKind.Given)
        {
            return text.Kind == TextKind.Absent ? false : null;
        }

        bool isSecond = Is(key, second);
        if (!isSecond && !Is(key, first))
        {
            Error(key, $"{ConfigText.Quote(text.Value)} is none of the possible values. Write {wanted}.");
            return null;
        }

        return isSecond;
    }

    /// <summary>HOST, HOST:PORT, or an IPv6 address in brackets; null where the file says nothing, or something wrong.</summary>
    public StunServer? StunServer(string key)
    {
        const string wanted = "a host with or without a port, such as stun.example.net or 192.0.2.1:3478 or [2001:db8::1]:3478";
        Reading text = Text(key, wanted, fallback: "");
        if (text.Kind != TextKind.Given)
        {
            return null;
        }

        StunServer? server = ParseStunServer(text.Value);
        if (server is null)
        {
            Error(key, $"{ConfigText.Quote(text.Value)} is no STUN server. Write {wanted}.");
        }

        return server;
    }

    private static StunServer? ParseStunServer(string text)
    {
        if (IPAddress.TryParse(text, out IPAddress? bare) && bare.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && text[0] != '[')
        {
            return new StunServer(bare.ToString(), Config.StunServer.DefaultPort);
        }

        int bracket = text.StartsWith('[') ? text.IndexOf(']') : 0;
        int colon = bracket < 0 ? -1 : text.IndexOf(':', bracket);
        string host = colon < 0 ? text : text[..colon];
        int port = Config.StunServer.DefaultPort;
        if (colon >= 0)
        {
            if (AddressText.ParseNumber(text[(colon + 1)..]) is not ({ } number and >= 1 and <= 65535))
            {
                return null;
            }

            port = (int)number;
        }

        if (host.StartsWith('['))
        {
            return host.EndsWith(']') && IPAddress.TryParse(host[1..^1], out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? new StunServer(address.ToString(), port)
                : null;
        }

        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4 ? new StunServer(host, port) : null;
    }

    /// <summary>A list of offloads; none where the file says nothing.</summary>
    public Offloads? OffloadList(string key)
    {
        Reading text = Text(key, OffloadNames.Wanted, fallback: "none");
        if (text.Kind != TextKind.Given)
        {
            return text.Kind == TextKind.Absent ? Offloads.None : null;
        }

        if (OffloadNames.Parse(text.Value, out Offloads offloads) is { } fault)
        {
            Error(key, $"{ConfigText.Quote(text.Value)} {fault}. Write {OffloadNames.Wanted}.");
            return null;
        }

        return offloads;
    }

    /// <summary>What a parser makes of a value; <paramref name="fallback"/> where the file says nothing, or something wrong, which is reported.</summary>
    public T Value<T>(string key, string wanted, TextParser<T> parse, T fallback, string shown = "")
    {
        Reading text = Text(key, wanted, shown);
        if (text.Kind != TextKind.Given)
        {
            return fallback;
        }

        if (parse(text.Value, out T value) is { } fault)
        {
            Error(key, $"{ConfigText.Quote(text.Value)} {fault}. Write {wanted}.");
            return fallback;
        }

        return value;
    }

    /// <summary>A decimal number of seconds; 0, or from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public TimeSpan? Seconds(string key, decimal min, decimal max, TimeSpan? fallback)
    {
        string wanted = string.Create(CultureInfo.InvariantCulture, $"0, or a number of seconds from {min} to {max}, such as 2 or 0.5");
        string? shown = fallback?.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        Reading text = Text(key, wanted, shown ?? "");
        if (text.Kind != TextKind.Given)
        {
            return text.Kind == TextKind.Absent ? fallback : null;
        }

        if (!decimal.TryParse(text.Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds))
        {
            Error(key, $"{ConfigText.Quote(text.Value)} is no number of seconds. Write {wanted}.");
            return null;
        }

        if (seconds != 0 && (seconds < min || seconds > max))
        {
            Error(key, $"{ConfigText.Quote(text.Value)} is out of range. Write {wanted}.");
            return null;
        }

        return TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond));
    }

    /// <summary>A mandatory text that <paramref name="whyWrong"/> finds nothing wrong with.</summary>
    public string? Word(string key, string wanted, Func<string, string?> whyWrong)
    {
        Reading text = Text(key, wanted, fallback: null);
        if (text.Kind != TextKind.Given)
        {
            return null;
        }

        if (whyWrong(text.Value) is { } reason)
        {
            Error(key, $"{ConfigText.Quote(text.Value)} {reason}. Write {wanted}.");
            return null;
        }

        return text.Value;
    }

    /// <summary>A value as it stands, for what is never repeated in a message; null where there is none.</summary>
    public string? Secret(string key) => Text(key, "", fallback: "") is { Kind: TextKind.Given } text ? text.Value : null;

    /// <summary>The value is this word; case does not count.</summary>
    public bool Is(string key, string word) =>
        entries.TryGetValue(key, out IniEntry? entry) && string.Equals(entry.Value, word, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// An address one host can have. <paramref name="version"/> is what the section's ip_ver says, null where that is
    /// faulty itself; 0.0.0.0 and :: are taken where <paramref name="mayBeFound"/>.
    /// </summary>
    public IPAddress? Address(string key, int? version, bool mandatory, bool mayBeFound = false)
    {
        string wanted = Example(version) + (mayBeFound ? $", or {ToBeFound(version)} to have it found" : "");
        Reading text = Text(key, wanted, mandatory ? null : "");
        if (text.Kind != TextKind.Given)
        {
            return null;
        }

        if (AddressText.Parse(text.Value) is not { } address)
        {
            string hint = text.Value.Contains('/') ? "has a prefix length, which does not belong here" : "is no IP address";
            Error(key, $"{ConfigText.Quote(text.Value)} {hint}. Write {wanted}.");
            return null;
        }

        if (!HasVersion(key, text.Value, address, version))
        {
            return null;
        }

        if (mayBeFound && AddressText.IsToBeFound(address))
        {
            return address;
        }

        if (AddressText.WhyNoHost(address) is { } reason)
        {
            Error(key, $"{ConfigText.Quote(text.Value)} {reason}. Write {wanted}.");
            return null;
        }

        return address;
    }

    /// <summary>The address of a tunnel with the length of its network's prefix; null where the file has none.</summary>
    public InterfaceAddress? TunnelAddress(string key, int version)
    {
        string wanted = version == 4 ? "an IPv4 address with its prefix length, such as 10.0.0.2/24" : "an IPv6 address with its prefix length, such as fd00::2/64";
        Reading text = Text(key, wanted, fallback: "");
        if (text.Kind != TextKind.Given)
        {
            return null;
        }

        string? reason = AddressText.ParsePrefix(text.Value) switch
        {
            null => "is no address with a prefix length",
            var (address, _) when AddressText.Version(address) != version => $"is no IPv{version} address",
            var (address, _) when AddressText.WhyNoHost(address) is { } why => why,
            var (address, _) when IPAddress.IsLoopback(address) => "is a loopback address",
            (_, -1) => "has no prefix length",
            (_, 0) => "has the prefix length 0, which would put the whole Internet behind the tunnel",
            _ => null,
        };
        if (reason is not null)
        {
            Error(key, $"{ConfigText.Quote(text.Value)} {reason}. Write {wanted}.");
            return null;
        }

        return AddressText.ParsePrefix(text.Value) is var (found, length) ? new InterfaceAddress(found, length) : null;
    }

    /// <summary>A mandatory network prefix; host bits are cleared and reported.</summary>
    public IPNetwork? Network(string key, int? version)
    {
        string wanted = version == 6 ? "an IPv6 network such as fd00:1::/64" : version == 4 ? "an IPv4 network such as 11.1.1.0/24" : "a network such as 11.1.1.0/24 or fd00:1::/64";
        Reading text = Text(key, wanted, fallback: null);
        if (text.Kind != TextKind.Given)
        {
            return null;
        }

        if (AddressText.ParsePrefix(text.Value) is not var (address, length))
        {
            Error(key, $"{ConfigText.Quote(text.Value)} is no network. Write {wanted}.");
            return null;
        }

        if (!HasVersion(key, text.Value, address, version))
        {
            return null;
        }

        int whole = AddressText.Version(address) == 4 ? 32 : 128;
        IPNetwork network = AddressText.Network(address, length < 0 ? whole : length);
        if (length < 0)
        {
            Warning(key, $"{ConfigText.Quote(text.Value)} has no prefix length and is read as the single host {network}. Write {network}.");
        }
        else if (!network.BaseAddress.Equals(address))
        {
            Warning(key, $"{ConfigText.Quote(text.Value)} has bits behind its prefix and is read as {network}. Write {network}.");
        }

        return network;
    }

    private static string Example(int? version) => version switch
    {
        4 => "an IPv4 address such as 10.1.1.2",
        6 => "an IPv6 address such as fd00::2",
        _ => "an IP address such as 10.1.1.2 or fd00::2",
    };

    private static string ToBeFound(int? version) => version == 6 ? "::" : "0.0.0.0";

    private bool HasVersion(string key, string text, IPAddress address, int? version)
    {
        int actual = AddressText.Version(address);
        if (version is null || version == actual)
        {
            return true;
        }

        string cure = AddressText.IsToBeFound(address)
            ? $"{text} stands for an IPv{actual} address to be found, but ip_ver of this section is {version}. Write {ToBeFound(version)}"
            : $"{ConfigText.Quote(text)} is an IPv{actual} address, but ip_ver of this section is {version}. Write {Example(version)}, or ip_ver = {actual}";
        Error(key, cure + ".");
        return false;
    }

    private int? InRange(string key, string text, int min, int max, string wanted)
    {
        if (AddressText.ParseNumber(text) is not { } number)
        {
            Error(key, $"{ConfigText.Quote(text)} is no whole number. Write {wanted}.");
            return null;
        }

        if (number < min || number > max)
        {
            Error(key, $"{ConfigText.Quote(text)} is out of range. Write {wanted}.");
            return null;
        }

        return (int)number;
    }

    // fallback: null for a mandatory key, "" for one that may be empty without a word, else what is taken instead.
    private Reading Text(string key, string wanted, string? fallback)
    {
        if (!entries.TryGetValue(key, out IniEntry? entry))
        {
            if (fallback is null)
            {
                Error(key, $"The key is missing. Write {key} = and {wanted}.");
            }

            return new Reading(fallback is null ? TextKind.Reported : TextKind.Absent, "");
        }

        switch (entry.Value)
        {
            case null:
                return new Reading(TextKind.Reported, "");
            case "" when fallback is null:
                Error(key, $"The key has no value. Write {wanted}.");
                return new Reading(TextKind.Reported, "");
            case "":
                if (fallback.Length > 0)
                {
                    Warning(key, $"The key has no value, so {fallback} is taken. Write {wanted}, or remove the line.");
                }

                return new Reading(TextKind.Absent, "");
            default:
                return new Reading(TextKind.Given, entry.Value);
        }
    }

    private void Take(IniEntry entry, SectionKind kind)
    {
        string key = KnownKeys.Aliases.GetValueOrDefault(entry.Key, entry.Key).ToLowerInvariant();
        if (!kind.Keys.Contains(key))
        {
            ReportUnknown(entry, kind);
            return;
        }

        if (entries.TryAdd(key, entry))
        {
            return;
        }

        // The same key in the same spelling was reported when the text was taken apart; this is its other spelling.
        IniEntry first = entries[key];
        if (first.Value is not null && entry.Value is not null && first.Value != entry.Value)
        {
            faults.Error(file, entry.Line, Name, key,
                $"The key is there in both spellings with different values: {first.Key} in line {first.Line} and {entry.Key} in line {entry.Line}. Remove one of them.");
        }
    }

    private void ReportUnknown(IniEntry entry, SectionKind kind)
    {
        faults.Warning(file, entry.Line, Name, ConfigText.Printable(entry.Key), WhyUnknown(entry.Key, kind));
    }

    /// <summary>The sentence about a key that a section of this kind does not have.</summary>
    public static string WhyUnknown(string key, SectionKind kind)
    {
        SectionKind? home = KnownKeys.All.FirstOrDefault(other => KnownKeys.SpellingsOf(other).Contains(key, StringComparer.OrdinalIgnoreCase));
        return home is not null
            ? $"The key is not read here; {key.ToLowerInvariant()} belongs to {home.Title}."
            : $"The key is unknown and not read. The nearest known key here is {NearestName.Of(key, KnownKeys.SpellingsOf(kind))}.";
    }

    private enum TextKind
    {
        Given,
        Absent,
        Reported,
    }

    private readonly record struct Reading(TextKind Kind, string Value);
}
