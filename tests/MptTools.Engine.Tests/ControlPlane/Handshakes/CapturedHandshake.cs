using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>One handshake between existing servers: four messages, and the last one perhaps once more.</summary>
internal sealed record CapturedHandshake(string Scenario, IReadOnlyList<CapturedDatagram> Messages)
{
    /// <summary>A's connection, as its file says.</summary>
    internal ConnectionConfig Config { get; } = ReadConfig(Scenario, "A.connection.conf");

    internal byte[] this[int round] => Messages[round - 1].Payload;

    internal TimeSpan TimeOf(int message) => Messages[message - 1].Time - DateTime.UnixEpoch;

    internal bool IsCreate => Scenario == "create";

    /// <summary>The number that B gave out.</summary>
    internal uint Number => Ends.RandomOf(this[2]);

    /// <summary>Every handshake of a scenario.</summary>
    internal static IReadOnlyList<CapturedHandshake> Of(string scenario)
    {
        List<CapturedHandshake> handshakes = [];
        List<CapturedDatagram> messages = [];
        foreach (CapturedDatagram message in Captures.Datagrams(scenario).Where(datagram => !datagram.IsGre))
        {
            if (messages.Count > 0 && Ends.RoundOf(message.Payload) == 1)
            {
                handshakes.Add(new CapturedHandshake(scenario, messages));
                messages = [];
            }
            messages.Add(message);
        }
        handshakes.Add(new CapturedHandshake(scenario, messages));
        Assert.All(handshakes, handshake =>
        {
            IEnumerable<int> rounds = handshake.Messages.Select(message => Ends.RoundOf(message.Payload));
            Assert.Equal(scenario == "create" ? [1, 2, 3, 4, 4] : [1, 2, 3, 4], rounds);
        });
        return handshakes;
    }

    /// <summary>What A asked, from its file. The status and the path are what README.md of the captures tells.</summary>
    internal HandshakeRequest Request(byte status)
    {
        PathConfig changed = Config.Paths[Scenario == "v6" ? 0 : 1];
        PathConfig used = Config.Paths[Scenario == "v6" ? 1 : 0];
        byte[] data = new byte[PathStatusData.Length];
        new PathStatusData(MappedAddress.ToInteger(changed.PublicAddress!), MappedAddress.ToInteger(changed.RemoteAddress!)).Write(data);
        return new HandshakeRequest
        {
            Peer = PeerEndpoint.Of(new IPEndPoint(used.RemoteAddress!, Config.RemoteCommandPort!.Value)),
            Kind = IsCreate ? ControlKind.Create : ControlKind.PathStatus,
            NewStatus = status,
            Authentication = (ControlAuthentication)Config.AuthenticationType,
            Key = ControlHash.KeyOf(Config.AuthenticationKey!),
            IPVersion = Config.IPVersion,
            LocalTunnel = MappedAddress.ToInteger(Config.LocalAddress),
            RemoteTunnel = MappedAddress.ToInteger(Config.RemoteAddress!),
            // How a connection becomes text is another matter: here it is what was captured.
            Data = IsCreate ? this[3][76..] : data,
        };
    }

    /// <summary>B as its files say; of v6 there is none, it mirrors A's.</summary>
    internal FakeHandshakeServer Server()
    {
        var server = new FakeHandshakeServer();
        if (IsCreate)
        {
            ConnectionConfig template = ReadConfig(Scenario, "B.conf.template", "conf.template");
            server.Template = Party(template);
            server.Result = _ => new HandshakeResult(ControlResult.Done, this[4][76..]);
            return server;
        }
        bool isMirrored = Scenario == "v6";
        ConnectionConfig config = isMirrored ? Config : ReadConfig(Scenario, "B.connection.conf");
        IPAddress local = isMirrored ? config.RemoteAddress! : config.LocalAddress;
        IPAddress remote = isMirrored ? config.LocalAddress : config.RemoteAddress!;
        server.Connections.Add(
            (config.IPVersion, MappedAddress.ToInteger(local), MappedAddress.ToInteger(remote)), Party(config));
        return server;
    }

    private static HandshakeParty Party(ConnectionConfig config) => new()
    {
        Authentication = (ControlAuthentication)config.AuthenticationType,
        Key = ControlHash.KeyOf(config.AuthenticationKey!),
        MayReceive = config.Permission.HasFlag(ConnectionPermission.Receive),
    };

    private static ConnectionConfig ReadConfig(string scenario, string file, string? name = null) =>
        ConfigLoader.ParseConnection(name ?? file, File.ReadAllBytes(Path.Combine(Captures.Directory, scenario, file))).Config!;
}
