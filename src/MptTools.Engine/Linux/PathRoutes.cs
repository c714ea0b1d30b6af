using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace MptTools.Engine.Linux;

/// <summary>The way out of the host that a path takes.</summary>
/// <param name="Interface">The interface's name.</param>
/// <param name="Gateway">The gateway; null when the peer is on the link.</param>
/// <param name="IPVersion">4 or 6.</param>
internal readonly record struct Egress(string Interface, IPAddress? Gateway, int IPVersion);

/// <summary>
/// Routing tables of our own, so that each path leaves by its own interface and gateway whatever the main table says, also
/// when two paths go to the same address: sockets carry a mark, a rule leads the mark to a table with one default route.
/// The host's other traffic is not touched.
/// </summary>
/// <remarks>
/// A number stands for mark and table at once. Whoever uses a number holds an abstract Unix socket of that name: it goes with
/// the process and belongs to the network namespace, so a number without a holder is free, and rules that stand for it
/// are what a killed server left.
/// </remarks>
internal sealed class PathRoutes : IDisposable
{
    /// <summary>Marks everything this product adds to rules and routes (rtprot in iproute2).</summary>
    internal const int Protocol = 77;

    private const uint FirstNumber = 0x4D50_0001;
    private const int Numbers = 0x3FFF;
    private const int RulePriority = 7700;

    // After the default route in the table, so that a path never falls through to another way out.
    private const uint LastMetric = 4278198272;

    private readonly Dictionary<Egress, (uint Number, Socket Holder)> tables = [];
    private readonly HashSet<Egress> installed = [];
    private readonly Dictionary<(IPAddress Local, IPAddress Remote), Egress> strictRules = [];

    /// <summary>The mark for sockets that use this way out; makes its table at the first call.</summary>
    /// <exception cref="MptStartException">The kernel refuses rules.</exception>
    internal uint MarkFor(in Egress egress)
    {
        if (tables.TryGetValue(egress, out var table))
        {
            return table.Number;
        }
        (uint number, Socket holder) = TakeNumber();
        tables[egress] = (number, holder);
        Clear(number);
        ProgramRun.Result result = IpCommand.RunBatch(Family(egress.IPVersion), RuleFor(number), LastRouteFor(number));
        if (!result.Succeeded)
        {
            throw new MptStartException($"The routing rule for {egress.Interface} cannot be added: {result.Error} Run the server as root or with CAP_NET_ADMIN.");
        }
        return number;
    }

    /// <summary>Whether the default route of a way out is in place.</summary>
    internal bool IsInstalled(in Egress egress) => installed.Contains(egress);

    /// <summary>Lays what leads to a way out again where somebody has removed it; the next <see cref="Install"/> lays its default route.</summary>
    internal void Renew(in Egress egress)
    {
        InterfaceLost(egress.Interface);
        if (!tables.TryGetValue(egress, out var table))
        {
            return;
        }
        string family = Family(egress.IPVersion);
        List<string> lines = [LastRouteFor(table.Number)];
        if (CountRules(family, table.Number) == 0)
        {
            lines.Add(RuleFor(table.Number));
        }
        // One that cannot be laid again shows in the path: its packets do not come through.
        IpCommand.RunBatch(family, lines);
    }

    /// <summary>Puts the default route of a way out in place; the kernel takes it away whenever the interface goes down.</summary>
    /// <returns>Null, or why it cannot be.</returns>
    internal string? Install(in Egress egress)
    {
        uint number = MarkFor(egress);
        if (installed.Contains(egress))
        {
            return null;
        }
        string via = egress.Gateway is null ? "" : $"via {egress.Gateway} ";
        string onlink = egress.Gateway is null ? "" : " onlink";
        ProgramRun.Result result = IpCommand.RunBatch(
            Family(egress.IPVersion), $"route replace default {via}dev {egress.Interface}{onlink} table {number} proto {Protocol}");
        if (!result.Succeeded)
        {
            return result.Error;
        }
        installed.Add(egress);
        return null;
    }

    /// <summary>Removes what leads to all other ways out.</summary>
    /// <returns>Those that are gone.</returns>
    internal IReadOnlyList<Egress> RemoveExcept(IReadOnlySet<Egress> inUse)
    {
        Egress[] gone = [.. tables.Keys.Where(egress => !inUse.Contains(egress))];
        foreach (Egress egress in gone)
        {
            tables.Remove(egress, out (uint Number, Socket Holder) table);
            installed.Remove(egress);
            foreach ((IPAddress, IPAddress) rule in strictRules.Where(rule => rule.Value == egress).Select(rule => rule.Key).ToArray())
            {
                strictRules.Remove(rule);
            }
            Clear(table.Number);
            table.Holder.Dispose();
        }
        return gone;
    }

    /// <summary>The interface went down, and the kernel has taken its routes away.</summary>
    internal void InterfaceLost(string interfaceName) => installed.RemoveWhere(egress => egress.Interface == interfaceName);

    /// <summary>
    /// Where the kernel checks that a packet's source would be answered by the interface it came from (rp_filter = 1), it
    /// asks the main table, which knows nothing of marks; this rule answers for one path.
    /// </summary>
    internal void AnswerReversePathFilter(in Egress egress, IPAddress local, IPAddress remote)
    {
        if (egress.IPVersion != 4 || !IsStrict(egress.Interface) || !strictRules.TryAdd((local, remote), egress))
        {
            return;
        }
        IpCommand.RunBatch(
            "-4", $"rule add pref {RulePriority + 1} from {local} to {remote} lookup {MarkFor(egress)} protocol {Protocol}");
    }

    /// <summary>The gateway that the main table uses on an interface; null when its default route has none.</summary>
    internal static IPAddress? FindGateway(string interfaceName, int ipVersion)
    {
        ProgramRun.Result result = IpCommand.Run(Family(ipVersion), "-json", "route", "show", "default", "dev", interfaceName);
        if (!result.Succeeded || result.Output.Length == 0)
        {
            return null;
        }
        using JsonDocument routes = JsonDocument.Parse(result.Output);
        foreach (JsonElement route in routes.RootElement.EnumerateArray())
        {
            if (route.TryGetProperty("gateway", out JsonElement gateway) && IPAddress.TryParse(gateway.GetString(), out IPAddress? address))
            {
                return address;
            }
        }
        return null;
    }

    /// <summary>Removes what servers that were killed have left in this network namespace.</summary>
    internal static void RemoveLeftovers()
    {
        HashSet<uint> numbers = [];
        foreach (string family in (string[])["-4", "-6"])
        {
            ProgramRun.Result result = IpCommand.Run(family, "-json", "rule", "show");
            if (!result.Succeeded || result.Output.Length == 0)
            {
                continue;
            }
            using JsonDocument rules = JsonDocument.Parse(result.Output);
            foreach (JsonElement rule in rules.RootElement.EnumerateArray())
            {
                if (rule.TryGetProperty("table", out JsonElement table) && uint.TryParse(table.GetString(), out uint number) &&
                    number - FirstNumber < Numbers)
                {
                    numbers.Add(number);
                }
            }
        }
        foreach (uint number in numbers)
        {
            if (TryHold(number) is { } holder)
            {
                Clear(number);
                holder.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach ((uint number, Socket holder) in tables.Values)
        {
            Clear(number);
            holder.Dispose();
        }
        tables.Clear();
        installed.Clear();
        strictRules.Clear();
    }

    private static (uint, Socket) TakeNumber()
    {
        for (uint number = FirstNumber; number < FirstNumber + Numbers; number++)
        {
            if (TryHold(number) is { } holder)
            {
                return (number, holder);
            }
        }
        throw new MptStartException($"All {Numbers} routing tables for paths are in use in this network namespace; stop a server first.");
    }

    private static Socket? TryHold(uint number)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint($"\0mpttools/table/{number}"));
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Removes all rules and routes of a number; there may be none, so failures say nothing.</summary>
    private static void Clear(uint number)
    {
        foreach (string family in (string[])["-4", "-6"])
        {
            IpCommand.RunBatch(
                family,
                [$"route flush table {number}", .. Enumerable.Repeat($"rule del table {number}", CountRules(family, number))]);
        }
    }

    private static int CountRules(string family, uint number)
    {
        ProgramRun.Result result = IpCommand.Run(family, "-json", "rule", "show", "table", number.ToString());
        if (!result.Succeeded || result.Output.Length == 0)
        {
            return 0;
        }
        using JsonDocument rules = JsonDocument.Parse(result.Output);
        return rules.RootElement.GetArrayLength();
    }

    private static string RuleFor(uint number) => $"rule add pref {RulePriority} fwmark {number} lookup {number} protocol {Protocol}";

    private static string LastRouteFor(uint number) => $"route replace unreachable default metric {LastMetric} table {number} proto {Protocol}";

    private static bool IsStrict(string interfaceName)
    {
        // The kernel takes the larger of the two values; 1 is strict, 2 is loose.
        return Math.Max(Read("all"), Read(interfaceName)) == 1;

        static int Read(string name)
        {
            string path = $"/proc/sys/net/ipv4/conf/{name}/rp_filter";
            return File.Exists(path) && int.TryParse(File.ReadAllText(path), out int value) ? value : 0;
        }
    }

    private static string Family(int ipVersion) => ipVersion == 6 ? "-6" : "-4";
}
