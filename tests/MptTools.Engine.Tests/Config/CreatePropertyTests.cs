using System.Net;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Whatever two ends are configured with: after a create each is the other's mirror image.</summary>
public class CreatePropertyTests
{
    [Fact]
    public void BothEndsMirrorEachOther()
    {
        int created = 0;
        PropertyCheck.Holds(
            from own in ConfigPropertyTests.AnyConnection
            from other in ConfigPropertyTests.AnyConnection
            from key in Gen.Elements(KeyAfterCreate.Configured, KeyAfterCreate.BuiltIn)
            select (own: own with { AuthenticationKey = own.AuthenticationKey ?? BuiltInKey.Digits }, other, key),
            input =>
            {
                ConnectionConfig own = input.own;
                CreateFacts facts = Facts(own, input.other, input.key);
                byte[] text = CreateText.Render(own, 60456, isMarked: false);

                AssertTellsNothingOfTheMapping(text, own);
                CreateResult result = CreateMerge.Merge(
                    new CreateRequest(CreateCapture.Read(text), own.LocalAddress, facts.TunnelAddresses[^1], text.Length, CreateCapture.AuthenticationLength), facts);
                if (result.Connection is not { } responder)
                {
                    // Two paths between one pair of addresses, a rule for paths that the other end lacks, or an answer that is longer than the request.
                    Assert.Equal(CreateOutcome.Unreadable, result.Outcome);
                    Assert.EndsWith(".", result.Reason, StringComparison.Ordinal);
                    return true;
                }

                Assert.InRange(result.Answer.Length, 1, text.Length);
                (ConnectionConfig? requester, string reason) = CreateCompletion.Complete(own, CreateCapture.Read(result.Answer), input.key);
                if (requester is null)
                {
                    Assert.EndsWith(".", reason, StringComparison.Ordinal);
                    return true;
                }

                AssertMirrors(requester, responder);
                AssertFromTheTable(own, requester, responder, facts.Template);
                created++;
                return true;
            });
        Assert.InRange(created, 500, 1000);
    }

    private static void AssertMirrors(ConnectionConfig requester, ConnectionConfig responder)
    {
        Assert.Equal(
            $"{requester.IPVersion} {requester.LocalAddress}:{requester.LocalPort} {requester.RemoteAddress}:{requester.RemotePort} {requester.ReorderWindow}",
            $"{responder.IPVersion} {responder.RemoteAddress}:{responder.RemotePort} {responder.LocalAddress}:{responder.LocalPort} {responder.ReorderWindow}");
        Assert.Equal($"{60456} {responder.LocalCommandPort}", $"{responder.RemoteCommandPort} {requester.RemoteCommandPort}");
        Assert.Equal((requester.AuthenticationType, requester.AuthenticationKey), (responder.AuthenticationType, responder.AuthenticationKey));
        Assert.Equal(requester.Paths.Count, responder.Paths.Count);
        foreach ((PathConfig mine, PathConfig peers) in requester.Paths.Zip(responder.Paths))
        {
            Assert.Equal((mine.KeepaliveTime, mine.DeadTime, mine.WeightOut, mine.WeightIn), (peers.KeepaliveTime, peers.DeadTime, peers.WeightIn, peers.WeightOut));
            Assert.Equal(mine.PublicAddress, peers.RemoteAddress);
            Assert.Equal(peers.PublicAddress ?? mine.RemoteAddress, mine.RemoteAddress);
        }
    }

    // Existing servers would not know the keys, and what one end sends where is its own affair.
    private static void AssertTellsNothingOfTheMapping(byte[] text, ConnectionConfig config)
    {
        ConnectionConfig plain = config with
        {
            Mapping = MappingMode.Packet,
            MappingRest = MappingMode.Packet,
            Rules = [],
            Paths = [.. config.Paths.Select(path => path with { Priority = 1, RateLimit = 0, IsBackup = false, TcpDestinationPorts = [], TcpSourcePorts = [], UdpDestinationPorts = [], UdpSourcePorts = [] })],
        };
        Assert.Equal(CreateText.Render(plain, 60456, isMarked: false), text);
    }

    private static void AssertKeepsItsMapping(ConnectionConfig before, ConnectionConfig after)
    {
        int count = after.Paths.Count;
        Assert.Equal((before.Mapping, before.MappingRest), (after.Mapping, after.MappingRest));
        Assert.Equal(before.Paths.Take(count).Select(Mapped), after.Paths.Select(Mapped));
        Assert.Equal(
            before.Rules.Select(rule => ConnectionConfTests.Members(rule with { Paths = [.. rule.Paths.Where(path => path < count)] })),
            after.Rules.Select(ConnectionConfTests.Members));

        static string Mapped(PathConfig path) =>
            $"{path.Priority} {path.RateLimit} {path.IsBackup} {PortList.Of(path.TcpDestinationPorts)} {PortList.Of(path.TcpSourcePorts)} {PortList.Of(path.UdpDestinationPorts)} {PortList.Of(path.UdpSourcePorts)}";
    }

    private static void AssertFromTheTable(ConnectionConfig own, ConnectionConfig requester, ConnectionConfig responder, ConnectionConfig template)
    {
        int count = Math.Min(own.Paths.Count, template.Paths.Count);
        Assert.Equal(count, responder.Paths.Count);
        Assert.Equal(Math.Max(own.ReorderWindow, template.ReorderWindow), responder.ReorderWindow);
        Assert.Equal((template.Permission, template.Status, template.MaxBufferDelay), (responder.Permission, responder.Status, responder.MaxBufferDelay));
        Assert.Equal((own.Permission, own.Status, own.MaxBufferDelay, own.File, own.Name), (requester.Permission, requester.Status, requester.MaxBufferDelay, requester.File, requester.Name));
        Assert.Equal(own.Networks, requester.Networks);
        AssertKeepsItsMapping(template, responder);
        AssertKeepsItsMapping(own, requester);
        Assert.Equal(own.Networks.Count > 0 ? 1 : 0, responder.Networks.Count);
        Assert.Equal(
            template.Paths.Take(count).Select(path => (path.Interface, path.LocalAddress, path.PublicAddress, path.Gateway, path.Status, path.IsCommandDefault)),
            responder.Paths.Select(path => (path.Interface, path.LocalAddress, path.PublicAddress, path.Gateway, path.Status, path.IsCommandDefault)));
        Assert.Equal(
            own.Paths.Take(count).Select(path => (path.Interface, path.LocalAddress, path.PublicAddress, path.Gateway, path.Status, path.IsCommandDefault)),
            requester.Paths.Select(path => (path.Interface, path.LocalAddress, path.PublicAddress, path.Gateway, path.Status, path.IsCommandDefault)));
    }

    // The other connection as a template: it knows no peer, and its paths are of the versions of those they meet.
    private static CreateFacts Facts(ConnectionConfig own, ConnectionConfig other, KeyAfterCreate key)
    {
        IEnumerable<PathConfig> paths = other.Paths.Select((path, index) =>
            index >= own.Paths.Count || own.Paths[index].IPVersion == path.IPVersion ? path : Turned(path, own.Paths[index]));
        return new CreateFacts
        {
            Template = other with
            {
                LocalPort = Math.Min(other.LocalPort, 60000),
                RemoteAddress = null,
                RemotePort = null,
                RemoteCommandPort = null,
                AuthenticationKey = own.AuthenticationKey,
                Networks = [],
                Paths = [.. paths.Select(path => path with { RemoteAddress = null, KeepaliveTime = TimeSpan.Zero, DeadTime = TimeSpan.Zero, WeightOut = 1, WeightIn = 1 })],
            },
            TunnelAddresses = [other.LocalAddress, own.RemoteAddress ?? other.LocalAddress],
            CommandPort = 60457,
            Connections = [],
            Key = key,
        };
    }

    private static PathConfig Turned(PathConfig path, PathConfig met)
    {
        IPAddress address = met.RemoteAddress ?? (met.IPVersion == 4 ? IPAddress.Parse("10.77.77.77") : IPAddress.Parse("fd77::77"));
        return path with { IPVersion = met.IPVersion, PublicAddress = address, LocalAddress = address, Gateway = address };
    }
}
