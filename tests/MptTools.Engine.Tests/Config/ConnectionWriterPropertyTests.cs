using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Whatever changes at run time and however a file is written: it reads back as changed, and the rest of it stays.</summary>
public class ConnectionWriterPropertyTests
{
    [Fact]
    public void WhatDidNotChangeIsNotTouched() => PropertyCheck.Holds(AnyFile, input =>
    {
        byte[] content = Written(ConnectionWriter.Update("c.conf", input.Content, Load(input.Content)), input.Content);

        Assert.True(input.Content.AsSpan().SequenceEqual(content), Shown(input.Content, content));
        return true;
    });

    [Fact]
    public void WhatIsWrittenIsReadBackWithTheLineEndingsOfTheFile() => PropertyCheck.Holds(
        from input in AnyFile
        from changed in ConfigChanges.Of(input.Config)
        select (input, changed),
        input =>
        {
            byte[] content = Written(ConnectionWriter.Update("c.conf", input.input.Content, input.changed), input.input.Content);

            Assert.Equal(ConnectionConfTests.ConfigText(input.changed), ConnectionConfTests.ConfigText(Load(content)));
            Assert.Equal(content, Written(ConnectionWriter.Update("c.conf", content, input.changed), content));

            HashSet<string> endings = Endings(input.input.Content);
            Assert.True(endings.Count > 1 || Endings(content).IsSubsetOf(endings), "A line ends as none did before.");
            return true;
        });

    [Fact]
    public void EverythingAroundChangedValuesStays() => PropertyCheck.Holds(
        from input in AnyFile
        from changed in ConfigChanges.OfValues(input.Config)
        select (input, changed),
        input =>
        {
            byte[] content = Written(ConnectionWriter.Update("c.conf", input.input.Content, input.changed), input.input.Content);

            string[] now = Lines(content);
            int next = 0;
            foreach (string line in Lines(input.input.Content))
            {
                int found = Array.FindIndex(now, next, candidate => IsSameButForItsValue(line, candidate));
                Assert.True(found >= 0, $"Lost: {line}\n{Shown(input.input.Content, content)}");
                next = found + 1;
            }

            return true;
        });

    [Fact]
    public void ANewFileIsReadBack() => PropertyCheck.Holds(ConfigPropertyTests.AnyConnection, config =>
    {
        byte[] content = Written(ConnectionWriter.Create("c.conf", config), []);

        Assert.Equal(ConnectionConfTests.ConfigText(config), ConnectionConfTests.ConfigText(Load(content)));
        Assert.Equal(content, Written(ConnectionWriter.Update("c.conf", content, config), content));
        return true;
    });

    [Fact]
    public void InterfaceConfIsReadBackAndWhatDidNotChangeIsNotTouched() => PropertyCheck.Holds(
        from general in ConfigPropertyTests.AnyGeneral
        from other in ConfigPropertyTests.AnyGeneral
        from tunnels in ConfigPropertyTests.AnyTunnels
        from others in ConfigPropertyTests.AnyTunnels
        from seed in Gen.Choose(0, int.MaxValue)
        select (general, other, tunnels, others, seed),
        input =>
        {
            byte[] file = UserFile.Of(input.general, input.tunnels, input.seed);
            Assert.Equal(file, Written(InterfaceConfWriter.Update("interface.conf", file, input.general, input.tunnels), file));

            TunnelConfig[] changed = Changed(input.tunnels, input.others, new Random(input.seed));
            byte[] content = Written(InterfaceConfWriter.Update("interface.conf", file, input.other, changed), file);

            (GeneralConfig? general, IReadOnlyList<TunnelConfig> tunnels, _) = ConfText.LoadInterface(Encoding.UTF8.GetString(content));
            Assert.Equal(input.other, general);
            Assert.Equal(changed, tunnels);
            return true;
        });

    private static Gen<WrittenFile> AnyFile =>
        from config in ConfigPropertyTests.AnyConnection
        from seed in Gen.Choose(0, int.MaxValue)
        select new WrittenFile(UserFile.Of(config, seed), config);

    private static TunnelConfig[] Changed(TunnelConfig[] tunnels, TunnelConfig[] others, Random random)
    {
        TunnelConfig first = tunnels[0];
        TunnelConfig[] changed =
        [
            random.Next(3) switch { 0 => first with { IPv4 = null }, 1 => first with { IPv6 = null }, _ => first with { Mtu = 1280, AutoMtu = false } },
            .. tunnels.Skip(1 + random.Next(2)),
            .. others.Where(other => tunnels.All(tunnel => tunnel.Name != other.Name && !Equals(tunnel.IPv4?.Address, other.IPv4?.Address) && !Equals(tunnel.IPv6?.Address, other.IPv6?.Address))),
        ];
        return random.Next(2) == 0 ? changed : [.. changed.Reverse()];
    }

    private static byte[] Written(ConfigWriteResult result, byte[] file)
    {
        Assert.Empty(result.Diagnostics.Select(fault => $"{fault}\n{Encoding.UTF8.GetString(file)}"));
        Assert.NotNull(result.Content);
        return result.Content;
    }

    private static ConnectionConfig Load(byte[] content)
    {
        ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("c.conf", content);
        Assert.Empty(result.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error).Select(fault => $"{fault}\n{Encoding.UTF8.GetString(content)}"));
        Assert.NotNull(result.Config);
        return result.Config;
    }

    // One character a byte, so that comments in other encodings count as well.
    private static string[] Lines(byte[] content) => Encoding.Latin1.GetString(content).ReplaceLineEndings("\n").Replace('\r', '\n').Split('\n');

    private static bool IsSameButForItsValue(string old, string now)
    {
        if (old == now)
        {
            return true;
        }

        int equals = old.IndexOf('=', StringComparison.Ordinal);
        int mark = old.AsSpan(Math.Max(equals, 0)).IndexOfAny(';', '#');
        return equals > 0 && now.StartsWith(old[..(equals + 1)], StringComparison.Ordinal)
            && (mark < 0 || now.EndsWith(old[(equals + mark)..], StringComparison.Ordinal));
    }

    private static HashSet<string> Endings(byte[] content)
    {
        string text = Encoding.Latin1.GetString(content);
        HashSet<string> endings = [];
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
            {
                endings.Add(text[i] == '\n' && i > 0 && text[i - 1] == '\r' ? "\r\n" : text[i].ToString());
            }
        }

        return endings;
    }

    private static string Shown(byte[] old, byte[] now) => $"{Encoding.UTF8.GetString(old)}\n=====>\n{Encoding.UTF8.GetString(now)}";

    /// <summary>Shown as its text where a property fails.</summary>
    private sealed record WrittenFile(byte[] Content, ConnectionConfig Config)
    {
        public override string ToString() => Encoding.UTF8.GetString(Content);
    }
}
