using System.Net;
using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.Tests.Config;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>The text of a create at both ends: an offer that comes in, and an answer.</summary>
internal sealed class CreateTextFuzz : FuzzPart
{
    private static readonly string[] Values =
        ["", "0", "-1", "1", "20", "21", "65535", "65536", "4294967296", "10.0.0.2", "255.255.255.255", "0.0.0.0", "::", "fe80::1", "é", "\"", "1e9", "0x10", "999999999999999999999"];

    private readonly ConnectionConfig own = CreateCapture.Requester;
    private readonly CreateFacts facts = CreateCapture.Facts;
    private readonly byte[][] texts;

    internal CreateTextFuzz(int seed) : base("create text", seed) =>
        texts = [CreateCapture.Request, CreateCapture.Answer, CreateText.Render(own, CreateCapture.CommandPort, isMarked: true)];

    protected override string Take()
    {
        byte[] text = Next();
        ConfigResult<CreateOffer> read = CreateOffer.Read("create", text);
        if (read.Config is not { } offer)
        {
            Check(read.HasErrors && read.Diagnostics.All(fault => fault.Message.EndsWith('.')), "an unreadable text is answered with sentences");
            return "refused: cannot be read";
        }
        Check(offer.Paths.Count is >= 1 and <= 20, "an offer has 1 to 20 paths");
        if (Random.Next(3) == 0)
        {
            (ConnectionConfig? completed, string reason) = CreateCompletion.Complete(own, offer, KeyAfterCreate.Configured);
            Check(completed is null ? reason.EndsWith('.') : completed.File == own.File, "an answer completes the request or is refused with a reason");
            return completed is null ? "answer refused: does not fit" : "executed: request completed";
        }
        CreateResult result = CreateMerge.Merge(
            new CreateRequest(offer, IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.3"), text.Length, CreateCapture.AuthenticationLength), facts);
        if (result.Connection is not { } made)
        {
            Check(result.Answer.Length == 0 && result.Reason.EndsWith('.'), "a create that is refused has a reason and no answer");
            return $"refused: {result.Outcome}";
        }
        Check(result.Answer.Length <= text.Length, "no answer is longer than what it answers");
        Check(made.Paths.Count <= facts.Template.Paths.Count, "what was made is no more than the template allows");
        Check(made.RemoteAddress!.Equals(IPAddress.Parse("10.0.0.2")) && made.File == "peer_10_0_0_2.conf", "name and peer come from the message, not from the text");
        return "executed: connection created";
    }

    private byte[] Next()
    {
        byte[] text = texts[Random.Next(texts.Length)];
        switch (Random.Next(8))
        {
            case 0:
                return RandomBytes(400);
            case 1 or 2 or 3:
                return Damage(text);
            case 4:
                return text;
            default:
                string[] lines = Encoding.UTF8.GetString(text).Split('\n');
                for (int change = Random.Next(1, 4); change > 0; change--)
                {
                    int line = Random.Next(lines.Length);
                    string[] pair = lines[line].Split('=');
                    lines[line] = Random.Next(4) switch
                    {
                        0 => "",
                        1 => lines[Random.Next(lines.Length)],
                        _ => pair.Length == 2 ? $"{pair[0]}= {Values[Random.Next(Values.Length)]}" : lines[line],
                    };
                }
                return Encoding.UTF8.GetBytes(string.Join('\n', lines));
        }
    }
}
