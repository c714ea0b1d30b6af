using System.Globalization;
using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>Which path a packet would take, as text for people.</summary>
public static class MappingText
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Renders an answer, lines ending in "\n".</summary>
    /// <param name="answer">What to show.</param>
    public static string Render(MappingAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = new StringBuilder();
        text.Append(Culture, $"Path             : {PathOf(answer)}\n");
        text.Append(Culture, $"    Connection            : {answer.Connection}\n");
        text.Append(Culture, $"    Mapping               : {MappingNames.Of(answer.Mapping)}\n");
        if (answer.Mapping == MappingMode.Combined)
        {
            text.Append(Culture, $"    Rule                  : {answer.RuleTitle ?? "none matches"}\n");
        }
        text.Append(Culture, $"    Spreading             : {MappingNames.Of(answer.Spread)}\n");
        text.Append(Culture, $"    Possible paths        : {(answer.Candidates.Count == 0 ? "none" : string.Join(", ", answer.Candidates))}\n");
        text.Append(Culture, $"    Sequence number       : {(answer.IsNumbered ? "yes" : "no")}\n");
        return text.Append(Culture, $"    {answer.Reason}\n").ToString();
    }

    private static string PathOf(MappingAnswer answer) => answer switch
    {
        { Path: null } => "none",
        { Spread: MappingMode.Duplicate, Candidates.Count: > 1 } => string.Join(", ", answer.Candidates),
        { Path: var path } => path.Value.ToString(Culture),
    };
}
