using System.Globalization;

namespace MptTools.Engine.ControlPlane.Hooks;

/// <summary>The changes that hooks are called for, as MPT_EVENT names them (docs/hooks.md).</summary>
internal static class HookChange
{
    internal const string
        TunnelUp = "tunnel-up", TunnelDown = "tunnel-down",
        PathRouteAdd = "path-route-add", PathRouteDelete = "path-route-del",
        NetworkRouteAdd = "network-route-add", NetworkRouteDelete = "network-route-del",
        AddressAdd = "address-add", AddressDelete = "address-del",
        InterfaceUp = "interface-up", InterfaceDown = "interface-down",
        PathUp = "path-up", PathDown = "path-down";
}

/// <summary>When a hook is called: before a change, after it, or because something happened.</summary>
internal enum HookPhase
{
    Pre,
    Post,
    Event,
}

/// <summary>What a hook is told, in its environment. What is null is not there.</summary>
/// <param name="Event">MPT_EVENT: one of <see cref="HookChange"/>, or an event's kind.</param>
internal sealed record HookFacts(string Event)
{
    /// <summary>MPT_CONNECTION: the connection's name.</summary>
    internal string? Connection { get; init; }

    /// <summary>MPT_PATH: n of [path_n].</summary>
    internal int? Path { get; init; }

    /// <summary>MPT_INTERFACE: the interface or tunnel device.</summary>
    internal string? Interface { get; init; }

    /// <summary>MPT_ADDRESS: of this end, with /LENGTH where a prefix belongs to it; several with blanks between them.</summary>
    internal string? Address { get; init; }

    /// <summary>MPT_GATEWAY: the next hop; null: on the link.</summary>
    internal string? Gateway { get; init; }

    /// <summary>MPT_REMOTE: the peer's address.</summary>
    internal string? Remote { get; init; }

    /// <summary>MPT_DESTINATION: where a route leads, ADDRESS/LENGTH or "default".</summary>
    internal string? Destination { get; init; }

    /// <summary>MPT_MTU: in bytes.</summary>
    internal int? Mtu { get; init; }

    /// <summary>MPT_SUBJECT: what of it an event is about, where its kind does not say it all.</summary>
    internal string? Subject { get; init; }

    /// <summary>MPT_OLD_STATE.</summary>
    internal string? OldState { get; init; }

    /// <summary>MPT_NEW_STATE.</summary>
    internal string? NewState { get; init; }

    /// <summary>MPT_LEVEL: an event's level: error, warning, notice, info or debug.</summary>
    internal string? Level { get; init; }

    /// <summary>MPT_TIME: when it happened.</summary>
    internal DateTimeOffset? Time { get; init; }

    /// <summary>MPT_MESSAGE: a sentence for people; after a change that failed: why.</summary>
    internal string? Message { get; init; }

    /// <summary>MPT_RESULT, after a change only: "done" or "failed".</summary>
    internal string? Result { get; init; }

    /// <summary>What an event tells hooks.</summary>
    internal static HookFacts Of(MptEvent happened) => new(EventNames.Of(happened.Kind))
    {
        Connection = happened.Connection,
        Path = happened.Path,
        Subject = happened.Subject,
        OldState = happened.OldState,
        NewState = happened.NewState,
        Level = EventNames.Of(happened.Level),
        Time = happened.Time,
        Message = happened.Message,
    };

    /// <summary>The whole environment of a hook.</summary>
    internal IReadOnlyList<string> Environment(string server, string configDirectory, HookPhase phase)
    {
        List<string> variables = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
        Add("EVENT", Event);
        Add("PHASE", phase.ToString().ToLowerInvariant());
        Add("SERVER", server);
        Add("CONFIG", configDirectory);
        Add("CONNECTION", Connection);
        Add("PATH", Path?.ToString(CultureInfo.InvariantCulture));
        Add("INTERFACE", Interface);
        Add("ADDRESS", Address);
        Add("GATEWAY", Gateway);
        Add("REMOTE", Remote);
        Add("DESTINATION", Destination);
        Add("MTU", Mtu?.ToString(CultureInfo.InvariantCulture));
        Add("SUBJECT", Subject);
        Add("OLD_STATE", OldState);
        Add("NEW_STATE", NewState);
        Add("LEVEL", Level);
        Add("TIME", Time?.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        Add("RESULT", Result);
        Add("MESSAGE", Message);
        return variables;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                // A value ends at a zero byte and scripts read line by line; texts from outside must not make more of them.
                variables.Add($"MPT_{name}={string.Concat(value.Select(c => char.IsControl(c) ? ' ' : c))}");
            }
        }
    }
}
