using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Engine.Tests.ControlPlane;

[Collection("control sockets")]
public sealed class MappingRequestTests : IDisposable
{
    private readonly FakeServer server = new();
    private readonly ControlSocketServer socket;

    public MappingRequestTests() => socket = ControlSocketServer.Open(server, new ControlSocketOptions { IsAllowed = _ => true });

    public void Dispose() => socket.Dispose();

    [Fact]
    public void Rules_are_added_changed_and_removed()
    {
        MptClient client = Connect();
        Dictionary<string, string> settings = new() { ["protocol"] = "udp", ["paths"] = "0 1" };

        Assert.Equal(3, client.AddRule("toB", settings));
        Assert.Equal(1, client.AddRule("toB", settings, 1));
        client.SetRule("toB", 2, settings);
        client.RemoveRule("toB", 0);

        Assert.Equal(
            ["rule add toB protocol=udp paths=0 1", "rule add toB protocol=udp paths=0 1 at 1", "rule set toB 2 protocol=udp paths=0 1", "rule remove toB 0"],
            server.Calls);
    }

    [Fact]
    public void Question_and_answer_cross_the_socket_unchanged()
    {
        MappingQuestion question = new()
        {
            Connection = "toB",
            Source = "fec0::2",
            Destination = "fec0::3",
            Protocol = "udp",
            SourcePort = 1,
            DestinationPort = 65535,
            Dscp = 46,
            FlowLabel = 0xfffff,
            Length = 1440,
        };

        MappingAnswer answer = Connect().TestMapping(question);

        Assert.Equal([$"map {question}"], server.Calls);
        Assert.Equal(Samples.Mapping() with { Candidates = answer.Candidates }, answer);
        Assert.Equal([0, 1], answer.Candidates);
    }

    [Fact]
    public void Status_of_mapping_crosses_the_socket_unchanged()
    {
        ConnectionStatus connection = Samples.Connection();
        server.Status = server.Status with
        {
            Connections =
            [
                connection with
                {
                    Mapping = MappingMode.Combined,
                    MappingRest = MappingMode.Flow,
                    Rules = [Samples.Rule(), Samples.Rule(1, null) with { Index = null }],
                    DuplicatesDiscarded = 7,
                    Paths = [connection.Paths[0] with { RateLimit = 1_000_000_000_000, Share = 33.3, TcpDestinationPorts = "80 443", IsBackup = true }],
                },
            ],
        };

        ConnectionStatus received = Connect().GetStatus().Connections[0];

        ConnectionStatus sent = server.Status.Connections[0];
        Assert.Equal((MappingMode.Combined, MappingMode.Flow, 7), (received.Mapping, received.MappingRest, received.DuplicatesDiscarded));
        Assert.Equal(sent.Rules, received.Rules);
        Assert.Equal(sent.Paths[0] with { Drops = received.Paths[0].Drops }, received.Paths[0]);
    }

    [Theory]
    [InlineData("""{"request":"rule-add","connection":"c"}""", "'settings'")]
    [InlineData("""{"request":"rule-add","settings":{}}""", "'connection'")]
    [InlineData("""{"request":"rule-change","connection":"c","settings":{}}""", "'rule'")]
    [InlineData("""{"request":"rule-remove","connection":"c"}""", "'rule'")]
    [InlineData("""{"request":"rule-remove","connection":"c","rule":"first"}""", "not understood")]
    [InlineData("""{"request":"mapping-test"}""", "'packet'")]
    [InlineData("""{"request":"mapping-test","packet":{"source":"10.0.0.2"}}""", "destination")]
    [InlineData("""{"request":"mapping-test","packet":{"source":"10.0.0.2","destination":"10.0.0.3","dscp":"ef"}}""", "not understood")]
    [InlineData("""{"request":"mapping-test","packet":{"source":null,"destination":"10.0.0.3"}}""", "'packet.source'")]
    public void Request_that_lacks_something_is_refused(string request, string expected)
    {
        using Socket raw = ControlProtocol.NewSocket();
        raw.ReceiveTimeout = (int)Samples.Patience.TotalMilliseconds;
        raw.Connect(ControlProtocol.EndPoint(server.Name));
        raw.Send(Encoding.UTF8.GetBytes(request + "\n"));

        ControlAnswer refusal = JsonSerializer.Deserialize(new LineChannel(raw, 1 << 20).Read()!.Value.Span, ControlJson.Default.ControlAnswer)!;

        Assert.Equal(MptErrorKind.BadRequest, refusal.Kind);
        Assert.Contains(expected, refusal.Error);
        Assert.Empty(server.Calls);
    }

    private MptClient Connect() => MptClient.Connect(server.Name, Samples.Patience, _ => true);
}
