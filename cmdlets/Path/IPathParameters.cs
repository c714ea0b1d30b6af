using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>What the parameters of a cmdlet that makes a path say; null where one was left out. Each cmdlet binds them in its own way.</summary>
internal interface IPathParameters
{
    string Interface { get; }
    int? IPVersion { get; }
    string? LocalAddress { get; }
    string? PublicAddress { get; }
    string? Gateway { get; }
    string? RemoteAddress { get; }
    int? WeightOut { get; }
    int? WeightIn { get; }
    double? KeepaliveSeconds { get; }
    double? DeadSeconds { get; }
    SwitchParameter CommandDefault { get; }
    bool? UdpChecksum { get; }
    int? Priority { get; }
    string? RateLimit { get; }
    SwitchParameter Backup { get; }
    string[]? TcpDestinationPort { get; }
    string[]? TcpSourcePort { get; }
    string[]? UdpDestinationPort { get; }
    string[]? UdpSourcePort { get; }
    PathStartStatus? StartStatus { get; }
}
