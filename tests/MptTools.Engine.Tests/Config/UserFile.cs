using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>
/// A file as users write them: in any style, with keys and sections that nobody reads, both spellings of a key, values that
/// follow from others, comments in other encodings, and line endings of several systems in one file.
/// </summary>
internal static class UserFile
{
    private static readonly string[] UnknownKeys = ["note", "x-owner", "window_size", "Überschrift"];

    /// <summary>The bytes of a file that says what the configuration says.</summary>
    public static byte[] Of(ConnectionConfig config, int seed)
    {
        var random = new Random(seed);
        List<(string Section, List<(string Key, string? Value)> Entries)> sections = ConfigPropertyTests.Sections(config);
        foreach ((string section, List<(string Key, string? Value)> entries) in sections)
        {
            if (section.StartsWith("path_", StringComparison.Ordinal))
            {
                SayByReference(random, entries);
            }

            if (section == "connection" && config is { AuthenticationKey: null, AuthenticationType: not AuthenticationType.Sha256 } && random.Next(2) == 0)
            {
                Set(entries, "auth_key", "0");
            }
        }

        AddUnread(random, sections, "path_", config.Paths.Count);
        AddUnread(random, sections, "net_", config.Networks.Count);
        return Bytes(random, sections);
    }

    /// <summary>The bytes of an interface.conf.</summary>
    public static byte[] Of(GeneralConfig general, TunnelConfig[] tunnels, int seed)
    {
        var random = new Random(seed);
        List<(string Section, List<(string Key, string? Value)> Entries)> sections = ConfigPropertyTests.Sections(general, tunnels);
        AddUnread(random, sections, "tun_", tunnels.Length);
        return Bytes(random, sections);
    }

    private static void SayByReference(Random random, List<(string Key, string? Value)> entries)
    {
        bool isSame = Find(entries, "public_ipaddr") == Find(entries, "private_ipaddr");
        switch (random.Next(3))
        {
            case 0 when isSame:
                Set(entries, "public_ipaddr", random.Next(2) == 0 ? "private_ipaddr" : "Private_IPaddr");
                break;
            case 1 when isSame:
                entries.RemoveAll(entry => entry.Key == "private_ipaddr");
                break;
        }

        if (random.Next(5) == 0)
        {
            entries.Add(("gateway_ipaddr", Find(entries, "gw_ipaddr")));
        }
    }

    private static void AddUnread(Random random, List<(string Section, List<(string Key, string? Value)> Entries)> sections, string prefix, int count)
    {
        foreach ((string _, List<(string Key, string? Value)> entries) in sections)
        {
            foreach (string key in UnknownKeys.Where(_ => random.Next(8) == 0))
            {
                entries.Add((key, "x y = z"));
            }
        }

        sections.RemoveAll(section => section.Section == "notes");
        sections.Add(("notes", [("name", "of nobody")]));
        if (random.Next(2) == 0)
        {
            sections.Add(($"{prefix}{count + random.Next(3)}", [("status", "not read"), ("name", "tun0")]));
        }
    }

    private static byte[] Bytes(Random random, List<(string Section, List<(string Key, string? Value)> Entries)> sections)
    {
        foreach ((string _, List<(string Key, string? Value)> entries) in sections)
        {
            // The style may write either spelling; where both are there, neither may become the other.
            if (entries.Exists(entry => entry.Key == "gateway_ipaddr"))
            {
                entries.RemoveAll(entry => entry.Key == "gw_ipaddr");
                entries.Add(("GW_ipaddr", entries.Find(entry => entry.Key == "gateway_ipaddr").Value));
            }

            List<(string Key, string? Value)> unique = [.. entries.DistinctBy(entry => entry.Key)];
            entries.Clear();
            entries.AddRange(unique);
        }

        string text = new ConfigPropertyTests.Style(random.Next()).Render(sections);
        text = text[..^(random.Next(2) == 0 ? text.Length - text.TrimEnd('\r', '\n').Length : 0)];
        if (random.Next(4) == 0)
        {
            text = string.Join("", text.ReplaceLineEndings("\n").Select(c => c == '\n' ? new[] { "\n", "\r\n" }[random.Next(2)] : c.ToString()));
        }

        // Only comments hold this letter.
        string[] parts = text.Split('ő');
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(parts[0]));
        foreach (string part in parts.Skip(1))
        {
            bytes.AddRange(random.Next(2) == 0 ? [0xF5] : "ő"u8);
            bytes.AddRange(Encoding.UTF8.GetBytes(part));
        }

        return [.. bytes];
    }

    private static string? Find(List<(string Key, string? Value)> entries, string key) => entries.Find(entry => entry.Key == key).Value;

    private static void Set(List<(string Key, string? Value)> entries, string key, string value)
    {
        entries.RemoveAll(entry => entry.Key == key);
        entries.Add((key, value));
    }
}
