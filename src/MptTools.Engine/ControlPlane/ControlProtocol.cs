using System.Net.Sockets;
using System.Text;
using System.Text.Json.Serialization;

namespace MptTools.Engine.ControlPlane;

// The control socket speaks JSON lines: one object a line, UTF-8, "\n" at its end. The client sends a ControlRequest, the
// server answers each with one ControlAnswer. After "subscribe" the server goes on with answers that carry an event each,
// until one side closes. After "stop" it closes when nothing of it is left. Unknown members are skipped, so that either
// end may be the newer one.

/// <summary>What client and server of the control socket agree on.</summary>
internal static class ControlProtocol
{
    internal const int Version = 1;

    /// <summary>Before the server's name in the abstract socket's name.</summary>
    internal const string NamePrefix = "mpttools/";

    /// <summary>IFNAMSIZ - 1: no tunnel, and so no server, has a longer name.</summary>
    internal const int MaxServerNameBytes = 15;

    internal static UnixDomainSocketEndPoint EndPoint(string serverName) => new('\0' + NamePrefix + serverName);

    internal static bool IsServerName(string name) =>
        name.Length > 0 && !name.Contains('\0') && Encoding.UTF8.GetByteCount(name) <= MaxServerNameBytes;

    internal static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}

/// <summary>One request: what it asks for, and the fields that need to be there for it.</summary>
internal sealed record ControlRequest
{
    internal const string Hello = "hello", Status = "status", Command = "command", Stop = "stop", Subscribe = "subscribe",
        Reload = "reload", Restart = "restart", Delete = "delete", Save = "save", Create = "create",
        PathSet = "path-set", PathAdd = "path-add", PathChange = "path-change", PathRemove = "path-remove",
        RuleAdd = "rule-add", RuleChange = "rule-change", RuleRemove = "rule-remove", MappingTest = "mapping-test",
        ConnectionChange = "connection-change", NetworkAdd = "network-add", NetworkRemove = "network-remove",
        AddressAdd = "address-add", AddressRemove = "address-remove", InterfaceSet = "interface-set";

    public required string Request { get; init; }

    /// <summary>command: the words of the mpt syntax, without options.</summary>
    public string[]? Words { get; init; }

    /// <summary>reload, restart, delete, save, create: a file of connections/, without directory.</summary>
    public string? File { get; init; }

    /// <summary>path-..., rule-..., connection-change, network-...: the connection's name.</summary>
    public string? Connection { get; init; }

    /// <summary>path-set, path-change, path-remove: n of [path_n].</summary>
    public int? Path { get; init; }

    /// <summary>rule-change, rule-remove: n of [rule_n]; rule-add: the one it is to be, missing for behind the others.</summary>
    public int? Rule { get; init; }

    /// <summary>path-set, interface-set: where to.</summary>
    public PathState? State { get; init; }

    /// <summary>path-add, path-change, rule-add, rule-change, connection-change: keys as in the files, and their values.</summary>
    public Dictionary<string, string>? Settings { get; init; }

    /// <summary>network-...: the network on this side, and the one behind the peer.</summary>
    public string? Source { get; init; }

    /// <inheritdoc cref="Source"/>
    public string? Destination { get; init; }

    /// <summary>address-..., interface-set: the interface's name.</summary>
    public string? Interface { get; init; }

    /// <summary>address-...: the address, with its prefix length or without.</summary>
    public string? Address { get; init; }

    /// <summary>mapping-test: the packet.</summary>
    public MappingQuestion? Packet { get; init; }
}

/// <summary>One answer: <see cref="Error"/> and <see cref="Kind"/>, or the result of what was asked (nothing: done).</summary>
internal sealed record ControlAnswer
{
    public string? Error { get; init; }
    public MptErrorKind? Kind { get; init; }
    public ServerHello? Hello { get; init; }
    public ServerStatus? Status { get; init; }
    public PathStatus? Path { get; init; }
    public MptEvent? Event { get; init; }

    /// <summary>command: what the client prints. Beside an <see cref="Error"/> too.</summary>
    public CommandText? Command { get; init; }

    /// <summary>mapping-test: which path the packet would take.</summary>
    public MappingAnswer? Mapping { get; init; }

    /// <summary>path-add, rule-add, network-add: the number of what was added.</summary>
    public int? Index { get; init; }

    /// <summary>save: the names of the files that were written.</summary>
    public IReadOnlyList<string>? Files { get; init; }
}

/// <summary>What a command of the mpt syntax gave.</summary>
internal sealed record CommandText
{
    public required int ExitCode { get; init; }
    public required string Output { get; init; }
}

/// <summary>Who answers.</summary>
internal sealed record ServerHello
{
    /// <summary><see cref="ControlProtocol.Version"/> of the server.</summary>
    public required int Protocol { get; init; }
    public required string Name { get; init; }
    public required string Version { get; init; }
    public required int ProcessId { get; init; }
    public required int CommandPort { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;
