using System.Collections;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>
/// Makes a connection and starts it: from parameters, or from a file. Its file in connections/ is written first; where the server or the peer
/// refuses, nothing is left of it.
/// </summary>
[Cmdlet(VerbsCommon.New, "MptConnection", DefaultParameterSetName = FileSet, SupportsShouldProcess = true)]
[OutputType(typeof(MptConnectionInfo))]
public sealed class NewMptConnectionCommand : ServerCmdlet
{
    private const string SettingsSet = "Settings", FileSet = "File";
    private const int DefaultPort = 23456, DefaultCommandPort = 60456;

    private readonly List<MptPathSpec> paths = [];

    /// <summary>The connection's name: one word that no other connection has. Its file is NAME.conf.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SettingsSet)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>This server's tunnel address: one that a tunnel has, without its prefix length.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = SettingsSet)]
    [ArgumentCompleter(typeof(TunnelAddressCompleter))]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string LocalAddress { get; set; } = "";

    /// <summary>The peer's tunnel address.</summary>
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = SettingsSet)]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string RemoteAddress { get; set; } = "";

    /// <summary>The paths: objects of New-MptPath, hashtables with the same names, or what Get-MptPath or Import-Csv give. 1 to 20.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = SettingsSet)]
    [PathSpecTransformation]
    [ValidateNotNullOrEmpty]
    public MptPathSpec[] PathSpec { get; set; } = [];

    /// <summary>Networks behind the two ends: texts as in "10.10.0.0/16 > 10.20.0.0/16", hashtables with Source and Destination, or what Get-MptNetwork gives. Up to 20.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [NetworkSpecTransformation]
    [ValidateNotNullOrEmpty]
    public MptNetworkSpec[] Network { get; set; } = [];

    /// <summary>This server's UDP port for data, 1 to 65535; 23456 where left out. No two connections have the same.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int LocalPort { get; set; } = DefaultPort;

    /// <summary>The peer's UDP port for data, 1 to 65535. Left out: the same as LocalPort; with -CreateOnPeer the peer tells it.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int? RemotePort { get; set; }

    /// <summary>The peer's UDP port for commands, 1 to 65535; 60456 where left out.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int RemoteCommandPort { get; set; } = DefaultCommandPort;

    /// <summary>None; Send: this server may start changes at the peer; Receive: it takes changes from the peer. Both where left out.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    public ConnectionPermission Permission { get; set; } = ConnectionPermission.Send | ConnectionPermission.Receive;

    /// <summary>How commands between the servers are authenticated: None, Random or Sha256. Left out: Sha256 with a key, None without.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    public AuthenticationType? AuthenticationType { get; set; }

    /// <summary>The key shared with the peer: 64 hexadecimal digits, or default for the one built into existing servers. Nobody but the owner may read the file then.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNotNullOrEmpty]
    public string? AuthenticationKey { get; set; }

    /// <summary>Packets that may wait for one that is late, 0 to 10000; 0: packets are delivered as they come. 1000 where left out.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNumber(0, ConfigRanges.MaxReorderWindow)]
    public int ReorderWindow { get; set; } = 1000;

    /// <summary>How long a packet may wait, 0 to 60000 milliseconds; 0 stands for 100, which is taken where this is left out.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNumber(0, ConfigRanges.MaxBufferDelayMilliseconds)]
    public int MaxBufferDelayMilliseconds { get; set; } = 100;

    /// <summary>How packets are given to paths: Packet, Bytes, Flow, Combined, Duplicate or Priority. Left out: Combined where a path has ports, else Packet.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    public MappingMode? Mapping { get; set; }

    /// <summary>With Combined: how what no rule matches is given to paths; all but Combined. Packet where left out.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateSet(nameof(MappingMode.Packet), nameof(MappingMode.Bytes), nameof(MappingMode.Flow), nameof(MappingMode.Duplicate), nameof(MappingMode.Priority))]
    public MappingMode? MappingRest { get; set; }

    /// <summary>Keys of [connection] with their values, as in a file.</summary>
    [Parameter(ParameterSetName = SettingsSet)]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>Files of connections: copied into connections/, unless they are there already.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = FileSet)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Have the peer create its end first, as mpt create does; what it answers is written into the file.</summary>
    [Parameter]
    public SwitchParameter CreateOnPeer { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        paths.AddRange(PathSpec);
        foreach (string path in Path)
        {
            string file = GetUnresolvedProviderPathFromPSPath(path);
            WithServer(file, client => MakeFromFile(client, file));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ParameterSetName == SettingsSet)
        {
            WithServer(Name, MakeFromSettings);
        }
    }

    private void MakeFromSettings(MptClient client)
    {
        if (Name.Contains('/') || Name.StartsWith('.'))
        {
            WriteError(MptErrors.InvalidSetting($"'{Name}' cannot name a file of connections/. Leave '/' out, and begin with another character than '.'.", Name));
            return;
        }
        if (paths.Count == 0)
        {
            WriteError(MptErrors.InvalidSetting($"Connection {Name} would have no path. Give it 1 to {ConfigRanges.MaxPaths} of New-MptPath, by the pipeline or with -PathSpec.", Name));
            return;
        }
        string file = Name + ".conf";
        SettingsTable keys = Keys();
        NewConnection? made = NewConnection.FromSettings(
            file, keys, [.. paths.Select(PathKeys.Of)], [.. Network.Select(network => (network.Source, network.Destination))], out IReadOnlyList<string> faults);
        if (made is null)
        {
            WriteError(MptErrors.InvalidSetting(string.Join(Environment.NewLine, faults), Name));
            return;
        }
        Make(client, made, file, isThere: false);
    }

    private void MakeFromFile(MptClient client, string path)
    {
        NewConnection? made = NewConnection.FromFile(path, out IReadOnlyList<string> faults);
        if (made is null)
        {
            WriteError(MptErrors.FaultyFile(path, string.Join(Environment.NewLine, faults)));
            return;
        }
        string name = System.IO.Path.GetFileName(path);
        string file = name.EndsWith(".conf", StringComparison.Ordinal) ? name : made.Config.Name + ".conf";
        Make(client, made, file, isThere: path == NewConnection.PathIn(client.GetStatus().ConfigDirectory, file));
    }

    private void Make(MptClient client, NewConnection made, string file, bool isThere)
    {
        ServerStatus server = client.GetStatus();
        string name = made.Config.Name;
        if (server.Connections.FirstOrDefault(other => other.Name == name || other.ConfigFile == file) is { } running)
        {
            WriteError(MptErrors.RunsAlready(running.Name, running.ConfigFile, server.Name));
            return;
        }
        if (CreateOnPeer && made.Config.AuthenticationKey is null)
        {
            WriteError(MptErrors.NoKeyForCreate(name));
            return;
        }
        if (!CreateOnPeer && !made.Config.IsComplete)
        {
            WriteError(MptErrors.Incomplete(name, file));
            return;
        }
        string action = isThere ? $"Create connection {name} from {file}" : $"Create connection {name} and its file {file}";
        if (!ShouldProcess($"server {server.Name}", CreateOnPeer ? $"{action}, and have peer {made.Config.RemoteAddress} create its end" : action))
        {
            return;
        }
        try
        {
            string? written = isThere ? null : made.Write(server.ConfigDirectory, file);
            if (written is not null)
            {
                WriteVerbose($"{written} was written{(made.HoldsSecret ? ", for its owner only, because it holds a key" : "")}.");
            }
            Start(client, file, written);
        }
        catch (IOException e)
        {
            WriteError(MptErrors.NotWritten(e, file));
            return;
        }
        catch (MptCommandException e) when (e.Kind == MptErrorKind.InvalidConfiguration && !isThere)
        {
            // There is no file any more that could be corrected.
            WriteError(MptErrors.InvalidSetting(e.Message, name));
            return;
        }
        WriteObject(new MptConnectionInfo(client.GetStatus().Connections.First(connection => connection.ConfigFile == file)));
    }

    private void Start(MptClient client, string file, string? written)
    {
        try
        {
            if (!CreateOnPeer)
            {
                WriteVerbose($"Server {client.Name} is told to read {file} and to start what it says.");
                client.Reload(file);
                return;
            }
            WriteVerbose($"Server {client.Name} asks the peer to create its end; that takes up to 6 seconds where no answer comes.");
            WriteProgress(new ProgressRecord(0, "Creating a connection", "Waiting for the peer"));
            client.Create(file);
            if (written is not null)
            {
                client.Save(file);
                WriteVerbose($"What the peer answered was written into {file}.");
            }
        }
        catch (MptCommandException)
        {
            Undo(client, file, written);
            throw;
        }
        finally
        {
            if (CreateOnPeer)
            {
                WriteProgress(new ProgressRecord(0, "Creating a connection", "Done") { RecordType = ProgressRecordType.Completed });
            }
        }
    }

    /// <summary>A file of ours goes, unless its connection runs all the same.</summary>
    private void Undo(MptClient client, string file, string? written)
    {
        if (written is null || IsRunning(client, file))
        {
            return;
        }
        File.Delete(written);
        WriteVerbose($"{written} was removed again.");
    }

    private static bool IsRunning(MptClient client, string file)
    {
        try
        {
            return client.GetStatus().Connections.Any(connection => connection.ConfigFile == file);
        }
        catch (MptCommandException)
        {
            return false;
        }
    }

    private SettingsTable Keys()
    {
        var keys = new SettingsTable();
        keys.Put("name", Name);
        keys.Put("permission", Permission);
        keys.Put("ip_ver", PathKeys.VersionOf(LocalAddress));
        keys.Put("ip_local", LocalAddress);
        keys.Put("local_port", LocalPort);
        keys.Put("ip_remote", RemoteAddress);
        keys.Put("remote_port", RemotePort ?? (CreateOnPeer ? null : LocalPort));
        keys.Put("remote_cmd_port", RemoteCommandPort);
        keys.Put("status", 0);
        keys.Put("reorder_window", ReorderWindow);
        keys.Put("max_buffdelay_msec", MaxBufferDelayMilliseconds);
        keys.Put("mapping", Mapping);
        keys.Put("mapping_rest", MappingRest);
        keys.Put("auth_type", AuthenticationType ?? (AuthenticationKey is null ? Engine.Config.AuthenticationType.None : Engine.Config.AuthenticationType.Sha256));
        keys.Put("auth_key", AuthenticationKey);
        keys.Override(Setting);
        return keys;
    }
}
