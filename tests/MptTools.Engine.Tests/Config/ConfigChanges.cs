using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>What may happen to a connection at run time: any of its values changes, paths, networks and rules come and go.</summary>
internal static class ConfigChanges
{
    /// <summary>The connection after up to six changes, all of which a file can say.</summary>
    public static Gen<ConnectionConfig> Of(ConnectionConfig config) =>
        from other in ConfigPropertyTests.AnyConnection
        from seed in Gen.Choose(0, int.MaxValue)
        from count in Gen.Choose(0, 6)
        select Change(config, other, new Random(seed), count);

    /// <summary>The connection after changes of its values and those of one path, which stays on its interface.</summary>
    public static Gen<ConnectionConfig> OfValues(ConnectionConfig config) =>
        from other in ConfigPropertyTests.AnyConnection
        from seed in Gen.Choose(0, int.MaxValue)
        let head = Valid(config, ChangeHead(config, other, new Random(seed)))
        let path = ChangePath(head, other, new Random(seed))
        select Valid(head, path with { Paths = [.. path.Paths.Select((changed, index) => changed with { Interface = head.Paths[index].Interface })] });

    private static ConnectionConfig Change(ConnectionConfig config, ConnectionConfig other, Random random, int count)
    {
        for (; count > 0; count--)
        {
            ConnectionConfig changed = random.Next(10) switch
            {
                0 or 1 => ChangeHead(config, other, random),
                2 or 3 => ChangePath(config, other, random),
                4 => config with { Paths = WithOrWithout(config.Paths, other.Paths, random, least: 1) },
                5 => config with { Networks = WithOrWithout(config.Networks, other.Networks, random, least: 0) },
                6 => config with { Paths = other.Paths },
                7 => config with { Rules = WithOrWithout(config.Rules, other.Rules, random, least: 0) },
                8 => config with { Rules = [.. config.Rules.Concat(other.Rules).OrderBy(_ => random.Next()).Take(20)] },
                _ => config with { Networks = [.. config.Networks.Concat(other.Networks).OrderBy(_ => random.Next()).Take(20)] },
            };
            config = Valid(config, changed);
        }

        return config;
    }

    private static ConnectionConfig ChangeHead(ConnectionConfig c, ConnectionConfig other, Random random)
    {
        bool Is() => random.Next(3) == 0;
        c = Is() ? c with { Name = other.Name, Status = other.Status } : c;
        c = Is() ? c with { Permission = other.Permission, LocalPort = other.LocalPort } : c;
        c = Is() ? c with { RemotePort = other.RemotePort, RemoteCommandPort = other.RemoteCommandPort } : c;
        c = Is() ? c with { LocalCommandPort = other.LocalCommandPort } : c;
        c = Is() ? c with { IPVersion = other.IPVersion, LocalAddress = other.LocalAddress, RemoteAddress = other.RemoteAddress } : c;
        c = Is() ? c with { ReorderWindow = other.ReorderWindow, MaxBufferDelay = other.MaxBufferDelay } : c;
        c = Is() ? c with { Mapping = other.Mapping, MappingRest = other.MappingRest } : c;
        return Is() ? c with { AuthenticationType = other.AuthenticationType, AuthenticationKey = other.AuthenticationKey, BuiltInKeyAfterCreate = other.BuiltInKeyAfterCreate } : c;
    }

    private static ConnectionConfig ChangePath(ConnectionConfig config, ConnectionConfig other, Random random)
    {
        int index = random.Next(config.Paths.Count);
        PathConfig p = config.Paths[index];
        PathConfig from = other.Paths[random.Next(other.Paths.Count)];
        bool Is() => random.Next(3) == 0;
        p = Is() ? p with { Interface = from.Interface } : p;
        p = Is() ? p with { WeightOut = from.WeightOut, WeightIn = from.WeightIn } : p;
        p = Is() ? p with { KeepaliveTime = from.KeepaliveTime } : p;
        p = Is() ? p with { DeadTime = from.DeadTime } : p;
        p = Is() ? p with { Status = from.Status, IsCommandDefault = from.IsCommandDefault } : p;
        p = Is() ? p with { Priority = from.Priority, RateLimit = from.RateLimit, IsBackup = from.IsBackup } : p;
        p = Is() ? p with { TcpDestinationPorts = from.TcpDestinationPorts, TcpSourcePorts = from.TcpSourcePorts } : p;
        p = Is() ? p with { UdpDestinationPorts = from.UdpDestinationPorts, UdpSourcePorts = from.UdpSourcePorts } : p;
        bool isSameVersion = p.IPVersion == from.IPVersion;
        p = isSameVersion && Is() ? p with { PublicAddress = from.PublicAddress } : p;
        p = isSameVersion && Is() ? p with { LocalAddress = from.LocalAddress } : p;
        p = isSameVersion && Is() ? p with { LocalAddress = from.LocalAddress, PublicAddress = from.LocalAddress } : p;
        p = isSameVersion && Is() ? p with { Gateway = from.Gateway, RemoteAddress = from.RemoteAddress } : p;
        return config with { Paths = [.. config.Paths.Select((path, i) => i == index ? p : path)] };
    }

    private static IReadOnlyList<T> WithOrWithout<T>(IReadOnlyList<T> items, IReadOnlyList<T> others, Random random, int least)
    {
        List<T> changed = [.. items];
        if (random.Next(2) == 0 && changed.Count > least)
        {
            changed.RemoveAt(random.Next(changed.Count));
        }
        else if (others.Count > 0 && changed.Count < 20)
        {
            changed.Insert(random.Next(changed.Count + 1), others[random.Next(others.Count)]);
        }

        return changed;
    }

    // What no file can say is no change: two paths between one pair of addresses, two default paths, SHA-256 without a key.
    private static ConnectionConfig Valid(ConnectionConfig config, ConnectionConfig change)
    {
        ConnectionConfig numbered = change with
        {
            AuthenticationKey = config.AuthenticationKey ?? change.AuthenticationKey,
            Paths = [.. change.Paths.Select((path, index) => path with { Index = index })],
            Networks = [.. change.Networks.Select((network, index) => network with { Index = index })],
            Rules = [.. change.Rules.Select((rule, index) => rule with { Index = index })],
        };
        string text = new ConfigPropertyTests.Style(0).Render(ConfigPropertyTests.Sections(numbered));
        return ConfigLoader.ParseConnection("c.conf", text).HasErrors ? config : numbered;
    }
}
