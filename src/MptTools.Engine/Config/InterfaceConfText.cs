using System.Text;

namespace MptTools.Engine.Config;

/// <summary>Writes a whole interface.conf that nobody wrote before, with as many comments as a reader needs to go on with it.</summary>
internal static class InterfaceConfText
{
    private static readonly Dictionary<string, string> GeneralComments = new()
    {
        ["tunnel_num"] = "How many [tun_n] sections follow.",
        ["accept_remote"] = "1: a peer without a connection may create one; that needs a conf.template beside this file.",
        ["cmdport_local"] = "The UDP port for commands. The peer's remote_cmd_port is this number.",
        ["cmd_timeout"] = "How many seconds a client waits for the server's answer.",
    };

    private static readonly Dictionary<string, string> TunnelComments = new()
    {
        ["name"] = "The interface that programs and routes use. The first tunnel names the server.",
        ["mtu"] = "auto: as much as fits through the narrowest path; existing servers need a number.",
        ["ipv4_addr"] = "The addresses inside the tunnel have nothing to do with those of the paths.",
    };

    /// <summary>The file's bytes.</summary>
    public static byte[] Render(GeneralConfig general, IReadOnlyList<TunnelConfig> tunnels)
    {
        var text = new StringBuilder("; The server and its tunnels, written by MptTools.\n; docs/configuration.md of MptTools tells what each key means.\n\n");
        ConnectionText.Section(text, "general", ConfigFields.General, (general, tunnels.Count), GeneralComments);
        for (int index = 0; index < tunnels.Count; index++)
        {
            text.Append('\n');
            ConnectionText.Section(text, $"tun_{index}", ConfigFields.Tunnel, tunnels[index], index == 0 ? TunnelComments : []);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
