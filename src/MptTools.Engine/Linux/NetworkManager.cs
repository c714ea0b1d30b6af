using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.Linux;

/// <summary>
/// What NetworkManager knows and the routing table does not: the gateway of a connection that is never to have the default route. Asked by its own
/// client, for its interfaces on the bus change and that one does not.
/// </summary>
internal static class NetworkManager
{
    private const string Client = "nmcli";
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);

    /// <summary>The gateway that NetworkManager has for an interface; null where there is none, or no NetworkManager.</summary>
    internal static IPAddress? FindGateway(string interfaceName, int ipVersion)
    {
        if (!IsInstalled())
        {
            return null;
        }
        try
        {
            ProgramRun.Result result = ProgramRun.Run(
                Client, "network-manager", null, TimeLimit, "--escape", "no", "--get-values", $"IP{ipVersion}.GATEWAY", "device", "show", interfaceName);
            return result.Succeeded ? ReadGateway(result.Output, ipVersion) : null;
        }
        catch (MptStartException)
        {
            // It hangs, or went away just now: as if it were not there.
            return null;
        }
    }

    /// <summary>Reads the client's answer: an address a line, or "--" or nothing where there is none.</summary>
    internal static IPAddress? ReadGateway(string output, int ipVersion)
    {
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (AddressText.Parse(line) is { } gateway && AddressText.Version(gateway) == ipVersion && !AddressText.IsToBeFound(gateway))
            {
                return gateway;
            }
        }
        return null;
    }

    private static bool IsInstalled() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Any(directory => File.Exists(Path.Combine(directory, Client)));
}
