using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class EcnTests
{
    // RFC 6040 section 4.2, figure 4, as it is printed there.
    private const string Figure4 = """
        +---------+------------------------------------------------+
        |Arriving |            Arriving Outer Header               |
        |   Inner +---------+------------+------------+------------+
        |  Header | Not-ECT | ECT(0)     | ECT(1)     |     CE     |
        +---------+---------+------------+------------+------------+
        | Not-ECT | Not-ECT |Not-ECT(!!!)|Not-ECT(!!!)| <drop>(!!!)|
        |  ECT(0) |  ECT(0) | ECT(0)     | ECT(1)     |     CE     |
        |  ECT(1) |  ECT(1) | ECT(1) (!) | ECT(1)     |     CE     |
        |    CE   |      CE |     CE     |     CE(!!!)|     CE     |
        +---------+---------+------------+------------+------------+
        """;

    private static readonly Dictionary<string, byte> Codepoints =
        new() { ["Not-ECT"] = 0b00, ["ECT(0)"] = 0b10, ["ECT(1)"] = 0b01, ["CE"] = 0b11 };

    [Fact]
    public void LeavingTheTunnelFollowsFigure4()
    {
        string[][] rows = [.. Figure4.Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries))];
        string[] columns = rows.Single(row => row is [_, "Header", ..])[2..6];
        string[][] entries = [.. rows.Where(row => row.Length == 7 && Codepoints.ContainsKey(row[1]))];
        Assert.Equal(4, entries.Length);

        foreach (string[] row in entries)
        {
            for (int column = 0; column < 4; column++)
            {
                string entry = row[2 + column];
                EcnResult result = Ecn.Decapsulate(Codepoints[row[1]], Codepoints[columns[column]]);

                EcnAnomaly anomaly = entry.EndsWith("(!!!)", StringComparison.Ordinal) ? EcnAnomaly.Dangerous
                    : entry.EndsWith("(!)", StringComparison.Ordinal) ? EcnAnomaly.Unused
                    : EcnAnomaly.None;
                string codepoint = entry.Replace("(!!!)", "").Replace("(!)", "").Trim();
                bool drop = codepoint == "<drop>";
                Assert.Equal((row[1], columns[column], anomaly), (row[1], columns[column], result.Anomaly));
                Assert.Equal((row[1], columns[column], drop), (row[1], columns[column], result.Drop));
                if (!drop)
                {
                    Assert.Equal(
                        (row[1], columns[column], Codepoints[codepoint]), (row[1], columns[column], result.Codepoint));
                }
            }
        }
    }

    [Fact]
    public void TheBitsAboveDoNotMatter()
    {
        for (int inner = 0; inner < 256; inner++)
        {
            for (int outer = 0; outer < 256; outer++)
            {
                Assert.Equal(Ecn.Decapsulate((byte)(inner & 3), (byte)(outer & 3)), Ecn.Decapsulate((byte)inner, (byte)outer));
            }
        }
    }

    [Fact]
    public void NormalModeCopiesEveryCodepoint() =>
        Assert.All(Codepoints.Values, codepoint => Assert.Equal(codepoint, Ecn.OuterForNormalMode((byte)(0xB8 | codepoint))));

    [Fact]
    public void CompatibilityModeIsNotEct() => Assert.Equal(0, Ecn.OuterForCompatibilityMode);
}
