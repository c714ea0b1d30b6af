using System.Net;

namespace MptTools.Engine.Linux;

/// <summary>The gateway of an interface, where the configuration leaves it to be found.</summary>
internal static class FoundGateway
{
    /// <summary>The one the main routing table uses; where that has none, the one NetworkManager knows of. Null: neither.</summary>
    internal static IPAddress? On(string interfaceName, int ipVersion) =>
        PathRoutes.FindGateway(interfaceName, ipVersion) ?? NetworkManager.FindGateway(interfaceName, ipVersion);
}
