using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Engine.Tests.ControlPlane;

public class MappingTextTests
{
    [Fact]
    public void An_answer_names_the_path_first_and_the_reason_last() => Assert.Equal(
        """
        Path             : 1
            Connection            : MPT_connection_10.0.0.2
            Mapping               : combined
            Rule                  : rule 0 (voice)
            Spreading             : flow
            Possible paths        : 0, 1
            Sequence number       : no
            Rule 0 (voice) matches.

        """,
        MappingText.Render(Samples.Mapping()));

    [Fact]
    public void A_packet_that_is_dropped_has_no_path()
    {
        string text = MappingText.Render(Samples.Mapping() with { Path = null, Candidates = [], Rule = null, RuleTitle = null });
        Assert.StartsWith("Path             : none\n", text);
        Assert.Contains("Rule                  : none matches\n", text);
        Assert.Contains("Possible paths        : none\n", text);
    }

    [Fact]
    public void Copies_go_by_all_paths_and_without_rules_none_is_named()
    {
        string text = MappingText.Render(
            Samples.Mapping() with { Mapping = MappingMode.Duplicate, Spread = MappingMode.Duplicate, Path = 0, IsNumbered = true });
        Assert.StartsWith("Path             : 0, 1\n", text);
        Assert.DoesNotContain("Rule    ", text);
        Assert.Contains("Sequence number       : yes\n", text);
    }
}
