using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>
/// A request of the control socket for a command of the <c>mpt</c> syntax and the answer to it, read and written by hand: the
/// program that needs nothing else is to start fast, and the serializer takes longer than all the rest.
/// </summary>
internal static class CommandAnswer
{
    /// <summary>The head that existing clients print before each answer.</summary>
    internal static string Head(int port, double timeoutSeconds) => string.Create(CultureInfo.InvariantCulture,
        $"mpt configuration:\n\tLocal cmd port: {port}\n\tcmd timeout: {timeoutSeconds:0.###}\n");

    /// <summary>What the client prints for what the server says.</summary>
    internal static MptCommandResult Render(CommandOutcome outcome, int port, double timeoutSeconds) => new(
        outcome.Done ? MptCommandLine.Done : MptCommandLine.Failed,
        $"{Head(port, timeoutSeconds)}{(outcome.Done ? "CMD_OK:" : "CMD-ERROR:")}{outcome.Text}\n",
        outcome.Error,
        outcome.Kind);

    /// <summary>The request, a line.</summary>
    internal static byte[] WriteRequest(ReadOnlySpan<string> words)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("request", ControlRequest.Command);
            json.WriteStartArray("words");
            foreach (string word in words)
            {
                json.WriteStringValue(word);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Reads the answer.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    internal static MptCommandResult Read(ReadOnlySpan<byte> line)
    {
        try
        {
            return ReadFields(line);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            // So the reader calls a number for a text, half a surrogate pair, or an exit code that is too large.
            throw new JsonException("a field of the answer to a command is of another kind", e);
        }
    }

    private static MptCommandResult ReadFields(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        string? error = null, kind = null, output = null;
        int exitCode = MptCommandLine.Failed;
        while (json.Read())
        {
            // Names inside other objects mean other things.
            if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth > 2)
            {
                continue;
            }
            string name = json.GetString()!;
            json.Read();
            switch (name)
            {
                case "error":
                    error = json.GetString();
                    break;
                case "kind":
                    kind = json.GetString();
                    break;
                case "output":
                    output = json.GetString();
                    break;
                case "exitCode":
                    exitCode = json.GetInt32();
                    break;
                case "command":
                    break;
                default:
                    json.Skip();
                    break;
            }
        }
        if (output is null && error is null)
        {
            throw new JsonException("the answer to a command has no output");
        }
        return new MptCommandResult(
            exitCode, output ?? "", error, error is null ? null : Enum.TryParse(kind, out MptErrorKind known) ? known : MptErrorKind.Failed);
    }
}
