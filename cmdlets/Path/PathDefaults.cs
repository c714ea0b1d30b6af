namespace MptTools.Cmdlets;

/// <summary>What a path is where a parameter was left out.</summary>
internal static class PathDefaults
{
    internal static MptPathSpec Complete(IPathParameters given)
    {
        var path = new MptPathSpec
        {
            Interface = given.Interface,
            IPVersion = given.IPVersion ?? PathKeys.VersionOf(given.RemoteAddress, given.LocalAddress, given.PublicAddress, given.Gateway) ?? 4,
            LocalAddress = given.LocalAddress,
            PublicAddress = given.PublicAddress,
            Gateway = given.Gateway,
            RemoteAddress = given.RemoteAddress,
            CommandDefault = given.CommandDefault,
            RateLimit = string.IsNullOrEmpty(given.RateLimit) ? null : given.RateLimit,
            Backup = given.Backup,
            TcpDestinationPort = SettingsTable.ListOf(given.TcpDestinationPort),
            TcpSourcePort = SettingsTable.ListOf(given.TcpSourcePort),
            UdpDestinationPort = SettingsTable.ListOf(given.UdpDestinationPort),
            UdpSourcePort = SettingsTable.ListOf(given.UdpSourcePort),
        };
        path.WeightOut = given.WeightOut ?? path.WeightOut;
        path.WeightIn = given.WeightIn ?? path.WeightIn;
        path.KeepaliveSeconds = given.KeepaliveSeconds ?? path.KeepaliveSeconds;
        path.DeadSeconds = given.DeadSeconds ?? 3 * path.KeepaliveSeconds;
        path.Priority = given.Priority ?? path.Priority;
        path.UdpChecksum = given.UdpChecksum ?? path.UdpChecksum;
        path.StartStatus = given.StartStatus?.ToString() ?? path.StartStatus;
        return path;
    }
}
