using System.Text.Json;

namespace MptTools.Lab;

/// <summary>iproute2, spoken to inside one namespace after another.</summary>
internal static class IpTool
{
    private static string Ip => SystemCommand.Require("ip", "iproute2");

    private static string Tc => SystemCommand.Require("tc", "iproute2");

    internal static CommandResult Run(params IEnumerable<string> arguments) => SystemCommand.Run(Ip, arguments).EnsureSuccess();

    /// <summary>Runs several lines in one process, in the namespace; the first that fails ends it.</summary>
    internal static void Batch(string namespaceName, params IEnumerable<string> lines)
    {
        string[] all = [.. lines];
        CommandResult result = SystemCommand.Run(Ip, ["-n", namespaceName, "-batch", "-"], input: string.Join('\n', all) + "\n",
            shownAs: $"ip -n {namespaceName} -batch - ({string.Join("; ", all)})");
        result.EnsureSuccess();
    }

    internal static CommandResult Traffic(string namespaceName, params IEnumerable<string> arguments) =>
        SystemCommand.Run(Tc, ["-n", namespaceName, .. arguments]).EnsureSuccess();

    internal static JsonElement Parse(CommandResult result)
    {
        using JsonDocument document = JsonDocument.Parse(result.Output.Length > 0 ? result.Output : "[]");
        return document.RootElement.Clone();
    }
}
