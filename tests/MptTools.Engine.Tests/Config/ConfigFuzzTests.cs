using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Whatever stands in a file, reading it gives either a configuration or errors, and never an exception.</summary>
public class ConfigFuzzTests
{
    private const int Seed = 60456;

    private static readonly string[] Fragments =
    [
        "[", "]", "=", ";", "#", "\"", "'", "\r", "\n", "\r\n", "\0", "\t", " ", "\uFEFF", "\u00A0", "\uFFFD", "\u2028", "0", "-1", "4", "6", "129", "9999999999999999999",
        "0.0.0.0", "::", "10.0.0.2", "fd00::2", "/24", "/129", "private_ipaddr", "[path_0]", "[path_19]", "[net_0]", "[connection]", "[tun_1]", "[general]",
        "path_count = 20\n", "network_count = 20\n", "tunnel_num = 100\n", "auth_type = 2\n", "gateway_ipaddr = 1\n", "ip_ver = 6\n", "name", "= =", "\uD83D\uDE00",
    ];

    [Fact]
    public void RandomBytesAreAnswered()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 5000; round++)
        {
            byte[] bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            AssertAnswered(bytes, $"seed {Seed}, round {round}");
        }
    }

    [Fact]
    public void RandomFragmentsAreAnswered()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 5000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Fragments[random.Next(Fragments.Length)]));
            AssertAnswered(Encoding.UTF8.GetBytes(text), $"seed {Seed}, round {round}");
        }
    }

    [Fact]
    public void SamplesWithRandomChangesAreAnswered()
    {
        var random = new Random(Seed);
        string data = Path.Combine(AppContext.BaseDirectory, "data");
        string[] samples = [.. Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".conf", StringComparison.Ordinal) || file.EndsWith(".template", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.True(samples.Length > 20, "The samples are missing.");
        foreach (string sample in samples)
        {
            byte[] original = File.ReadAllBytes(sample);
            for (int round = 0; round < 150; round++)
            {
                List<byte> bytes = [.. original];
                for (int change = random.Next(1, 6); change > 0; change--)
                {
                    Change(random, bytes);
                }

                AssertAnswered([.. bytes], $"{sample}, seed {Seed}, round {round}");
            }
        }
    }

    [Fact]
    public void EveryCutOfASampleIsAnswered()
    {
        byte[] text = Encoding.UTF8.GetBytes(ConfText.Connection().ToString());
        for (int length = 0; length <= text.Length; length++)
        {
            AssertAnswered(text[..length], $"{length} bytes");
        }
    }

    private static void Change(Random random, List<byte> bytes)
    {
        int at = random.Next(bytes.Count + 1);
        int length = Math.Min(random.Next(1, 30), bytes.Count - at);
        switch (random.Next(5))
        {
            case 0:
                bytes.RemoveRange(at, length);
                break;
            case 1:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 2:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)]));
                break;
            case 3 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            default:
                ExchangeLines(random, bytes);
                break;
        }
    }

    private static void ExchangeLines(Random random, List<byte> bytes)
    {
        string[] lines = Encoding.Latin1.GetString([.. bytes]).Split('\n');
        int first = random.Next(lines.Length);
        int second = random.Next(lines.Length);
        (lines[first], lines[second]) = (lines[second], lines[first]);
        bytes.Clear();
        bytes.AddRange(Encoding.Latin1.GetBytes(string.Join('\n', lines)));
    }

    private static void AssertAnswered(byte[] bytes, string what)
    {
        try
        {
            Check(ConfigLoader.ParseConnection("a.conf", bytes), bytes);
            Check(ConfigLoader.ParseConnection("conf.template", bytes), bytes);
            var faults = new FaultList();
            InterfaceDraft? draft = IniDocument.Parse("interface.conf", bytes, faults) is { } document
                ? InterfaceConfReader.Read("interface.conf", document, faults)
                : null;
            bool isWhole = draft is { General: not null, AreTunnelsWhole: true };
            Assert.True(isWhole || faults.HasErrors, "Nothing is wrong, but there is no configuration.");
            Check(faults.ToList(), bytes);
        }
        catch (Exception exception)
        {
            Assert.Fail($"{what}: {Convert.ToBase64String(bytes)}: {exception}");
        }
    }

    private static void Check(ConfigResult<ConnectionConfig> result, byte[] bytes)
    {
        Assert.Equal(result.HasErrors, result.Config is null);
        Check(result.Diagnostics, bytes);
        if (result.Config is { } config)
        {
            Assert.InRange(config.Paths.Count, 1, 20);
            Assert.Equal(Enumerable.Range(0, config.Paths.Count), config.Paths.Select(path => path.Index));
            Assert.InRange(config.Networks.Count, 0, 20);
        }
    }

    private static void Check(IReadOnlyList<ConfigDiagnostic> faults, byte[] bytes)
    {
        int lines = 1 + bytes.Count(b => b is (byte)'\r' or (byte)'\n');
        foreach (ConfigDiagnostic fault in faults)
        {
            string text = fault.ToString();
            Assert.InRange(fault.Line, 0, lines);
            Assert.EndsWith(".", text);
            Assert.DoesNotContain(text, char.IsControl);
            Assert.DoesNotMatch("[0-9A-Fa-f]{24}", text);
        }
    }
}
