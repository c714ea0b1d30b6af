using System.Text;

namespace MptTools.Engine.Config;

/// <summary>Writes a whole file for a connection that nobody wrote one for, with as many comments as a reader needs to go on with it.</summary>
internal static class ConnectionText
{
    private static readonly Dictionary<string, string> ConnectionComments = new()
    {
        ["permission"] = "1: this server may start changes at the peer; 2: it takes changes from the peer; 3: both.",
        ["local_port"] = "The UDP port for data, one for all paths.",
        ["remote_cmd_port"] = "cmdport_local of the peer.",
        ["status"] = "0: in use.",
        ["reorder_window"] = "Packets that may wait for one that is late, and for how many milliseconds; 0: none waits.",
        ["auth_type"] = "Commands between the servers: 0 trusted, 1 with a random number, 2 with SHA-256 and auth_key.",
        ["auth_key"] = "The secret shared with the peer. Nobody but root should be able to read this file.",
    };

    private static readonly Dictionary<string, string> PathComments = new()
    {
        ["public_ipaddr"] = "The address that the peer sees; private_ipaddr is the one on the interface where they differ.",
        ["gw_ipaddr"] = "The next hop. The path's own address: the peer is on the same link.",
        ["keepalive_time"] = "Seconds between two keepalives, and until a silent path is taken out of use.",
        ["weight_out"] = "The path's share of the packets sent; weight_in is that of the peer.",
        ["status"] = "0: up at start; 128: down until the peer is heard; 131: down until taken up by hand; 255: disabled.",
    };

    /// <summary>The file's bytes.</summary>
    public static byte[] Render(ConnectionConfig config)
    {
        var text = new StringBuilder();
        text.Append("; ").Append(Title(config)).Append("\n; docs/configuration.md of MptTools tells what each key means.\n\n");
        Section(text, "connection", ConfigFields.Connection, config, ConnectionComments);
        for (int index = 0; index < config.Paths.Count; index++)
        {
            text.Append('\n');
            Section(text, $"path_{index}", ConfigFields.Path, config.Paths[index], index == 0 ? PathComments : []);
        }

        for (int index = 0; index < config.Networks.Count; index++)
        {
            text.Append(index == 0 ? "\n; Traffic from src_addr on this side to dst_addr on the peer's goes through the tunnel.\n" : "\n");
            Section(text, $"net_{index}", ConfigFields.Network, config.Networks[index], []);
        }

        for (int index = 0; index < config.Rules.Count; index++)
        {
            text.Append(index == 0 ? "\n; The first rule that a packet matches decides which paths it may take.\n" : "\n");
            Section(text, $"rule_{index}", ConfigFields.Rule, config.Rules[index], []);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Title(ConnectionConfig config) =>
        $"From {config.LocalAddress} to {config.RemoteAddress?.ToString() ?? "whoever creates a connection"}, written by MptTools. Saving again keeps what is added here.";

    internal static void Section<T>(StringBuilder text, string name, IReadOnlyList<ConfigField<T>> fields, T config, Dictionary<string, string> comments)
    {
        text.Append('[').Append(name).Append("]\n");
        foreach ((string key, string value) in ConfigFields.NewEntries(fields, config))
        {
            if (comments.TryGetValue(key, out string? comment))
            {
                text.Append("; ").Append(comment).Append('\n');
            }

            text.Append(IniKeyStyle.Default.Line(key, value)).Append('\n');
        }
    }
}
