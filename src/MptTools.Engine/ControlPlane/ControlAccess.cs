using System.Globalization;
using System.Net.Sockets;

namespace MptTools.Engine.ControlPlane;

/// <summary>Who may use a server's control socket: root, and the members of group mpt where there is such a group.</summary>
internal static class ControlAccess
{
    internal const string Group = "mpt";
    private const string GroupFile = "/etc/group";

    // The group file is read for each client: who creates the group need not restart the server.
    internal static bool IsAllowed(Socket client) =>
        IsAllowed(client, File.Exists(GroupFile) ? File.ReadLines(GroupFile) : []);

    internal static bool IsAllowed(Socket client, IEnumerable<string> groupFile)
    {
        PeerCredentials peer = PeerCredentials.Of(client);
        return IsRoot(peer) || IsMember(groupFile, peer.GroupId, () => PeerCredentials.GroupsOf(client));
    }

    internal static bool IsMember(IEnumerable<string> groupFile, uint primaryGroup, Func<uint[]> supplementaryGroups) =>
        FindGroupId(groupFile, Group) is uint group
        && (primaryGroup == group || Array.IndexOf(supplementaryGroups(), group) >= 0);

    /// <summary>The number of a group in a file of the form of group(5), or null.</summary>
    internal static uint? FindGroupId(IEnumerable<string> groupFile, string name)
    {
        foreach (string line in groupFile)
        {
            string[] fields = line.Split(':');
            // Group 0 is root's; a line that gave it away under another name would be a mistake.
            if (fields.Length >= 3 && fields[0] == name
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != 0)
            {
                return id;
            }
        }
        return null;
    }

    internal static bool IsRoot(PeerCredentials peer) => peer.UserId == 0;
}
