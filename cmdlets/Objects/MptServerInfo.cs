using MptTools.Engine;

namespace MptTools;

/// <summary>A running server. Its tunnels, connections and paths are objects of their own: Get-MptTunnel, Get-MptConnection, Get-MptPath.</summary>
public sealed class MptServerInfo
{
    internal MptServerInfo(ServerStatus status)
    {
        Name = status.Name;
        Version = status.Version;
        ProcessId = status.ProcessId;
        StartedAt = status.StartedAt.LocalDateTime;
        ConfigDirectory = status.ConfigDirectory;
        CommandPort = status.CommandPort;
        CommandTimeoutSeconds = status.CommandTimeoutSeconds;
        AcceptRemote = status.AcceptRemote;
        Tunnels = new(status.Tunnels.Select(tunnel => tunnel.Name));
        Addresses = new(status.Tunnels.SelectMany(tunnel => new[] { tunnel.IPv4, tunnel.IPv6 }).OfType<string>());
        Connections = new(status.Connections.Select(connection => connection.Name));
        PathCount = status.Connections.Sum(connection => connection.Paths.Count);
        PathsUp = status.Connections.Sum(connection => connection.Paths.Count(path => path.Status == PathState.Up));
        Threads = status.Threads;
        Offloads = OffloadText.Of(status.Offloads);
        DisabledOffloads = OffloadText.Of(status.DisabledOffloads);
        ProcessorSeconds = status.ProcessorSeconds;
        ResidentBytes = status.ResidentBytes;
        GarbageCollections = status.GarbageCollections;
        AllocatedBytes = status.AllocatedBytes;
        LocalCommands = status.CommandPortTraffic.LocalCommands;
        PeerCommands = status.CommandPortTraffic.PeerCommands;
        RepeatedMessages = status.CommandPortTraffic.Repeated;
        RefusedMessages = new(status.CommandPortTraffic.Refused);
    }

    /// <summary>The server's name: that of its first tunnel.</summary>
    public string Name { get; }
    /// <summary>The product's version.</summary>
    public string Version { get; }
    /// <summary>The process that runs it.</summary>
    public int ProcessId { get; }
    /// <summary>When it started, in local time.</summary>
    public DateTime StartedAt { get; }
    /// <summary>Where its configuration files are.</summary>
    public string ConfigDirectory { get; }
    /// <summary>The UDP port for commands.</summary>
    public int CommandPort { get; }
    /// <summary>How long a client waits for an answer, in seconds.</summary>
    public double CommandTimeoutSeconds { get; }
    /// <summary>Peers without a connection may create one.</summary>
    public bool AcceptRemote { get; }
    /// <summary>The tunnel devices' names, first one first.</summary>
    public TextList Tunnels { get; }
    /// <summary>The tunnel devices' addresses with their prefix lengths.</summary>
    public TextList Addresses { get; }
    /// <summary>The connections' names, in file order.</summary>
    public TextList Connections { get; }
    /// <summary>How many paths the connections have together.</summary>
    public int PathCount { get; }
    /// <summary>How many of them carry traffic.</summary>
    public int PathsUp { get; }
    /// <summary>How many threads move packets.</summary>
    public int Threads { get; }
    /// <summary>Offloads that the kernel had at the start and that are not turned off.</summary>
    public TextList Offloads { get; }
    /// <summary>Offloads that are turned off.</summary>
    public TextList DisabledOffloads { get; }
    /// <summary>Processor time of the server's process, in seconds.</summary>
    public double ProcessorSeconds { get; }
    /// <summary>Resident memory of the server's process, in bytes.</summary>
    public long ResidentBytes { get; }
    /// <summary>Garbage collections of the server's process.</summary>
    public long GarbageCollections { get; }
    /// <summary>What the server's process has allocated for the collector, in bytes.</summary>
    public long AllocatedBytes { get; }
    /// <summary>Commands of mpt clients on this host that the command port answered.</summary>
    public long LocalCommands { get; }
    /// <summary>Commands of peers that were carried out.</summary>
    public long PeerCommands { get; }
    /// <summary>Messages of peers that had come before and got the same answer again.</summary>
    public long RepeatedMessages { get; }
    /// <summary>Datagrams at the command port that got no answer, by reason.</summary>
    public CountTable RefusedMessages { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
