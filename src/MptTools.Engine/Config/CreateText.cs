using System.Globalization;
using System.Net;
using System.Text;

namespace MptTools.Engine.Config;

/// <summary>
/// The text of a connection that travels in a create, byte for byte as existing servers write it: no auth_key, no
/// cmd_default, whole seconds. A reader skips the first four characters, which are part of the first comment: there we say
/// that we are MptTools, and nobody else looks at it.
/// </summary>
internal static class CreateText
{
    /// <summary>So many characters at its beginning are skipped by who reads it.</summary>
    public const int SkippedLength = 4;

    private const string ExistingMark = ";;;;", OurMark = ";MT;";
    private const string Head = ";;;#################### Multipath Connection Information: ###############\n\n";
    private const string PathHead = "########################## PATHS ############################\n\n";
    private const string NetworkHead = "####################### NETWORKS #####################################\n";
    private const int KeyWidth = 16;

    // As existing servers write it, without comments and padding, and without any blank.
    private static readonly Layout Whole = new(HasComments: true, KeyWidth, " = ");
    private static readonly Layout[] Shorter = [new(HasComments: false, 0, " = "), new(HasComments: false, 0, "=")];

    /// <summary>The payload of a create's round 3.</summary>
    /// <param name="config">The requester's connection.</param>
    /// <param name="commandPort">This server's command port, 1 to 65535.</param>
    /// <param name="isMarked">It says that it comes from MptTools.</param>
    public static byte[] Render(ConnectionConfig config, int commandPort, bool isMarked) =>
        Encoding.UTF8.GetBytes(Render(config, commandPort, isMarked, Whole));

    /// <summary>The text says that it comes from MptTools.</summary>
    public static bool IsMarked(ReadOnlySpan<byte> text) => text.StartsWith(";MT;"u8);

    /// <summary>
    /// The payload of a create's round 4. Existing servers send it without its last bytes, as many as the authentication
    /// data has, and receive it into a buffer of the request's length.
    /// </summary>
    /// <param name="config">The responder's connection.</param>
    /// <param name="commandPort">This server's command port, 1 to 65535.</param>
    /// <param name="isMarked">It says that it comes from MptTools; to be said to who has said so only.</param>
    /// <param name="longest">The length of the payload of round 3, in bytes.</param>
    /// <param name="authenticationLength">The length of the authentication data, in bytes.</param>
    /// <returns>Null when even the tightest text is longer.</returns>
    public static byte[]? RenderAnswer(ConnectionConfig config, int commandPort, bool isMarked, int longest, int authenticationLength)
    {
        byte[] whole = Render(config, commandPort, isMarked);
        // Only the closing comment may lose something.
        int cut = config.Networks.Count == 0 ? Math.Min(authenticationLength, NetworkHead.Length) : 0;
        return Shorter.Select(layout => Encoding.UTF8.GetBytes(Render(config with { Networks = [] }, commandPort, isMarked, layout)))
            .Prepend(whole[..^cut]).FirstOrDefault(text => text.Length <= longest);
    }

    /// <summary>
    /// A path's two times in whole seconds, rounded up. Where rounding would make the dead time as short as the time between two
    /// keepalives, it is that of as many keepalives as before.
    /// </summary>
    public static (long Keepalive, long Dead) WholeSeconds(PathConfig path)
    {
        long keepalive = RoundUp(path.KeepaliveTime.TotalSeconds);
        long dead = RoundUp(path.DeadTime.TotalSeconds);
        return path.DeadTime > path.KeepaliveTime && path.KeepaliveTime > TimeSpan.Zero && dead <= keepalive
            ? (keepalive, Math.Max(keepalive + 1, RoundUp(keepalive * (path.DeadTime / path.KeepaliveTime))))
            : (keepalive, dead);
    }

    // A ratio of two times has an error in its last digits that must not become a second.
    private static long RoundUp(double seconds) => (long)Math.Ceiling(Math.Round(seconds, 7));

    private static string Render(ConnectionConfig c, int commandPort, bool isMarked, Layout layout)
    {
        var text = new StringBuilder();
        text.Append(isMarked ? OurMark : ExistingMark).Append(layout.HasComments ? Head : ";\n").Append("[connection]\n");
        Add("name", IniSpelling.Of(c.Name));
        Add("permission", (int)c.Permission);
        Add("ip_ver", c.IPVersion);
        Add("ip_local", c.LocalAddress);
        Add("local_port", c.LocalPort);
        Add("local_cmd_port", commandPort);
        Add("ip_remote", Known(c.RemoteAddress, c.IPVersion));
        Add("remote_port", c.RemotePort ?? 0);
        Add("remote_cmd_port", c.RemoteCommandPort ?? 0);
        Add("path_count", c.Paths.Count);
        Add("network_count", c.Networks.Count);
        Add("status", c.Status);
        Add("reorder_window", c.ReorderWindow);
        Add("max_buffdelay_msec", (int)c.MaxBufferDelay.TotalMilliseconds);
        Add("auth_type", (int)c.AuthenticationType);
        text.Append(layout.HasComments ? "\n" + PathHead : "");
        for (int index = 0; index < c.Paths.Count; index++)
        {
            PathConfig path = c.Paths[index];
            (long keepalive, long dead) = WholeSeconds(path);
            text.Append(CultureInfo.InvariantCulture, $"[path_{index}]\n");
            Add("interface_name", IniSpelling.Of(path.Interface));
            Add("ip_ver", path.IPVersion);
            Add("private_ipaddr", Known(path.LocalAddress, path.IPVersion));
            Add("public_ipaddr", Known(path.PublicAddress, path.IPVersion));
            Add("gw_ipaddr", Known(path.Gateway, path.IPVersion));
            Add("remote_ipaddr", Known(path.RemoteAddress, path.IPVersion));
            Add("keepalive_time", keepalive);
            Add("dead_time", dead);
            Add("weight_in", path.WeightIn);
            Add("weight_out", path.WeightOut);
            Add("status", (int)path.Status);
            text.Append(layout.HasComments ? "\n" : "");
        }

        text.Append(layout.HasComments ? NetworkHead : "");
        for (int index = 0; index < c.Networks.Count; index++)
        {
            NetworkConfig network = c.Networks[index];
            text.Append(CultureInfo.InvariantCulture, $"{(layout.HasComments ? "\n" : "")}[net_{index}]\n");
            Add("ip_ver", AddressText.Version(network.Source.BaseAddress));
            Add("src_addr", network.Source);
            Add("dst_addr", network.Destination);
        }

        return text.ToString();

        void Add(string key, object value) =>
            text.Append(key.PadRight(layout.KeyWidth)).Append(layout.Equality).Append(CultureInfo.InvariantCulture, $"{value}\n");
    }

    private static IPAddress Known(IPAddress? address, int version) => address ?? (version == 6 ? IPAddress.IPv6Any : IPAddress.Any);

    private readonly record struct Layout(bool HasComments, int KeyWidth, string Equality);
}
