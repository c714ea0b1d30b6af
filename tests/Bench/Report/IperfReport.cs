using System.Text.Json;

namespace MptTools.Bench.Report;

/// <summary>What one run of <c>iperf3 -J</c> says.</summary>
/// <param name="BitsPerSecond">What the receiver got, in bit/s of payload, without the omitted seconds.</param>
/// <param name="Retransmissions">TCP segments sent again; 0 with UDP.</param>
/// <param name="PacketsSent">UDP datagrams sent; 0 with TCP.</param>
internal sealed record IperfReport(double BitsPerSecond, long Retransmissions, long PacketsSent)
{
    /// <summary>Reads the client's output.</summary>
    /// <exception cref="FormatException">iperf3 has failed, or this is not its output; the message holds the reason.</exception>
    internal static IperfReport Parse(string json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new FormatException($"iperf3 wrote something else than JSON: {Beginning(json)}", e);
        }
        using (document)
        {
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out JsonElement error))
            {
                throw new FormatException($"iperf3 failed: {error}");
            }
            if (Find(root, "end") is not { } end)
            {
                throw new FormatException($"iperf3 tells no result: {Beginning(json)}");
            }
            // Versions differ in whether a UDP run has sums for each end, or one for both.
            JsonElement? received = Find(end, "sum_received") ?? Find(end, "sum");
            JsonElement? sent = Find(end, "sum_sent") ?? Find(end, "sum");
            return new IperfReport(
                Number(received, "bits_per_second") ?? throw new FormatException($"iperf3 tells no rate: {Beginning(json)}"),
                (long)(Number(sent, "retransmits") ?? 0),
                (long)(Number(sent, "packets") ?? Number(Find(end, "sum"), "packets") ?? 0));
        }
    }

    private static JsonElement? Find(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement found) && found.ValueKind == JsonValueKind.Object
            ? found
            : null;

    private static double? Number(JsonElement? element, string name) =>
        element is { } parent && parent.TryGetProperty(name, out JsonElement found) && found.ValueKind == JsonValueKind.Number
            ? found.GetDouble()
            : null;

    private static string Beginning(string text) => text.Length <= 200 ? text : text[..200];
}
