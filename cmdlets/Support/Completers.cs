using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Completes an argument with names that a running server knows.</summary>
public abstract class MptCompleter : IArgumentCompleter
{
    /// <summary>Nobody waits longer for a suggestion.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return [.. NamesFor(fakeBoundParameters).Distinct().Where(pattern.IsMatch).Select(Result)];
    }

    /// <param name="bound">The parameters that the line has so far.</param>
    private protected virtual IEnumerable<string> NamesFor(IDictionary bound) => Names(bound["Server"] as string);

    private protected abstract IEnumerable<string> Names(string? server);

    internal static IEnumerable<string> FromStatus(string? server, Func<ServerStatus, IEnumerable<string>> names)
    {
        try
        {
            return names(MptClient.Connect(server, Patience).GetStatus());
        }
        catch (MptCommandException)
        {
            // Without a server to ask there is nothing to suggest; the command itself will say why.
            return [];
        }
    }

    private static CompletionResult Result(string name) =>
        new(name.IndexOfAny([' ', '\'', '"', '$', ';', '&', '(', ')', '{', '}']) < 0 ? name : $"'{name.Replace("'", "''")}'");
}

/// <summary>Completes the names of running servers.</summary>
public sealed class ServerNameCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) => MptClient.ListServers();
}

/// <summary>Completes the names of a server's connections.</summary>
public sealed class ConnectionNameCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
        FromStatus(server, status => status.Connections.Select(connection => connection.Name));
}

/// <summary>Completes the numbers of a server's paths, or of those of the connections that were given.</summary>
public sealed class PathIndexCompleter : MptCompleter
{
    private protected override IEnumerable<string> NamesFor(IDictionary bound) => FromStatus(bound["Server"] as string, status =>
        from connection in new NamePatterns(LanguagePrimitives.ConvertTo<string[]>(bound["Connection"])).Choose(status.Connections, connection => connection.Name)
        from path in connection.Paths
        select $"{path.Index}");

    private protected override IEnumerable<string> Names(string? server) => [];
}

/// <summary>Completes the interfaces of a server's paths.</summary>
public sealed class InterfaceNameCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
        FromStatus(server, status => status.Connections.SelectMany(connection => connection.Paths).Select(path => path.Interface));
}

/// <summary>Completes the names of a server's tunnel devices.</summary>
public sealed class TunnelNameCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
        FromStatus(server, status => status.Tunnels.Select(tunnel => tunnel.Name));
}

/// <summary>Completes the files of a server's connections.</summary>
public sealed class ConfigFileCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
        FromStatus(server, status => ServerFiles.NamesIn(Path.Combine(status.ConfigDirectory, "connections")));
}

/// <summary>Completes the addresses of a server's tunnel devices.</summary>
public sealed class TunnelAddressCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) => FromStatus(server, status =>
        status.Tunnels.SelectMany(tunnel => new[] { tunnel.IPv4, tunnel.IPv6 }).OfType<string>().Select(address => address.Split('/')[0]));
}

/// <summary>Completes the networks on this side of a server's connections.</summary>
public sealed class NetworkSourceCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
        FromStatus(server, status => status.Connections.SelectMany(connection => connection.Networks).Select(network => network.Source));
}

/// <summary>Completes the networks behind the peers of a server's connections.</summary>
public sealed class NetworkDestinationCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
        FromStatus(server, status => status.Connections.SelectMany(connection => connection.Networks).Select(network => network.Destination));
}

/// <summary>Completes the names of the services that run servers.</summary>
public sealed class ServiceNameCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) => UnitFile.NamesIn(UnitFile.SystemDirectory);
}

/// <summary>Completes the versions of IP.</summary>
public sealed class IPVersionCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) => ["4", "6"];
}
