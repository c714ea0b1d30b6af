using System.Text;
using System.Text.Json;
using MptTools.Engine.ControlPlane.Commands;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>What a server answers to the mpt program.</summary>
internal sealed class CommandAnswerFuzz(int seed) : FuzzPart("answers to mpt", seed)
{
    private static readonly string[]
        Names = ["error", "kind", "output", "exitCode", "command", "status", "é", "\\ud800"],
        Values = ["\"x\"", "\"NotFound\"", "\"\\ud800\"", "5", "0", "-1", "1e99", "99999999999", "null", "true", "[]", "[1,{}]", "{}", "{\"output\":\"y\",\"exitCode\":3}"];

    protected override string Take()
    {
        byte[] line = Random.Next(10) == 0 ? RandomBytes(60) : Encoding.UTF8.GetBytes(Line());
        try
        {
            Check(CommandAnswerIsWhole(Random.Next(3) == 0 ? Damage(line) : line), "an answer that is read has an output, and a kind where it has an error");
            return "answer read";
        }
        catch (JsonException)
        {
            return "answer refused";
        }
    }

    private static bool CommandAnswerIsWhole(byte[] line) =>
        CommandAnswer.Read(line) is { Output: not null } result && result.Error is null == (result.ErrorKind is null);

    private string Line() => Random.Next(3) == 0
        ? "{\"command\":{\"exitCode\":0,\"output\":\"CMD_OK\"}}"
        : $"{{{string.Join(',', Enumerable.Range(0, Random.Next(5)).Select(_ => $"\"{Names[Random.Next(Names.Length)]}\":{Values[Random.Next(Values.Length)]}"))}}}";
}
