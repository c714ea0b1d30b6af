using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>A command of the <c>mpt</c> syntax that could be understood; whether it can be carried out is the server's affair.</summary>
internal abstract record MptCommand
{
    /// <summary>It changes nothing, so everybody on this host may give it.</summary>
    internal virtual bool OnlyReads => false;
}

/// <summary>mpt show status</summary>
internal sealed record ShowStatusCommand : MptCommand
{
    internal override bool OnlyReads => true;
}

/// <summary>mpt path {up | down} LOCAL_IP REMOTE_IP</summary>
internal sealed record PathStatusCommand(bool Up, IPAddress Local, IPAddress Remote) : MptCommand;

/// <summary>mpt address {add | del} IP[/PREFIX] dev INTERFACE</summary>
internal sealed record AddressCommand(bool Add, InterfaceAddress Address, string Interface) : MptCommand;

/// <summary>mpt interface INTERFACE {up | down}</summary>
internal sealed record InterfaceCommand(string Interface, bool Up) : MptCommand;

/// <summary>mpt reload [FILE]</summary>
internal sealed record ReloadCommand(string? File) : MptCommand;

/// <summary>mpt restart [FILE]</summary>
internal sealed record RestartCommand(string? File) : MptCommand;

/// <summary>mpt delete FILE</summary>
internal sealed record DeleteCommand(string File) : MptCommand;

/// <summary>mpt save [FILE]</summary>
internal sealed record SaveCommand(string? File) : MptCommand;

/// <summary>mpt create FILE</summary>
internal sealed record CreateCommand(string File) : MptCommand;

/// <summary>mpt path add CONNECTION KEY=VALUE...</summary>
internal sealed record PathAddCommand(string Connection, IReadOnlyDictionary<string, string> Settings) : MptCommand;

/// <summary>mpt path del CONNECTION NUMBER</summary>
internal sealed record PathRemoveCommand(string Connection, int Path) : MptCommand;

/// <summary>mpt path set CONNECTION NUMBER KEY=VALUE...</summary>
internal sealed record PathSetCommand(string Connection, int Path, IReadOnlyDictionary<string, string> Settings) : MptCommand;

/// <summary>mpt rule add CONNECTION KEY=VALUE... [at NUMBER]</summary>
internal sealed record RuleAddCommand(string Connection, IReadOnlyDictionary<string, string> Settings, int? Position) : MptCommand;

/// <summary>mpt rule set CONNECTION NUMBER KEY=VALUE...</summary>
internal sealed record RuleSetCommand(string Connection, int Rule, IReadOnlyDictionary<string, string> Settings) : MptCommand;

/// <summary>mpt rule del CONNECTION NUMBER</summary>
internal sealed record RuleRemoveCommand(string Connection, int Rule) : MptCommand;

/// <summary>mpt map SOURCE DESTINATION [PROTOCOL] [WORD VALUE...]</summary>
internal sealed record MapCommand(MappingQuestion Packet) : MptCommand
{
    internal override bool OnlyReads => true;
}

/// <summary>mpt connection set CONNECTION KEY=VALUE...</summary>
internal sealed record ConnectionSetCommand(string Connection, IReadOnlyDictionary<string, string> Settings) : MptCommand;

/// <summary>mpt network {add | del} CONNECTION SOURCE DESTINATION</summary>
internal sealed record NetworkCommand(bool Add, string Connection, string Source, string Destination) : MptCommand;
