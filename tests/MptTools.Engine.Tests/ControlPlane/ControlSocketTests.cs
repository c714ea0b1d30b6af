using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Commands;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>Tests that list all servers of the machine must not meet those another test keeps silent.</summary>
[CollectionDefinition("control sockets")]
public sealed class ControlSocketCollection;

[Collection("control sockets")]
public sealed class ControlSocketTests : IDisposable
{
    private static readonly TimeSpan Patience = Samples.Patience;

    private readonly FakeServer server = new();
    private ControlSocketServer? socket;

    public void Dispose() => socket?.Dispose();

    [Fact]
    public void Status_crosses_the_socket_unchanged()
    {
        ConnectionStatus connection = Samples.Connection() with
        {
            Peer = PeerKind.MptTools,
            Drops = new Dictionary<string, long> { ["bad version"] = 3 },
            Ordering = new OrderingStatus { Late = 4, LostByGap = long.MaxValue },
            Networks = [new NetworkStatus { Connection = "c", Index = 1, Source = "11.1.1.0/24", Destination = "::/0" }],
        };
        const Offloads offloads = Offloads.TunTcp | Offloads.UdpGro;
        server.Status = Samples.Server(connection) with { Name = server.Name, Offloads = offloads, DisabledOffloads = Offloads.All };
        Open();

        ServerStatus received = Connect().GetStatus();

        Assert.Equal(Text(server.Status), Text(received));
        Assert.Equal(3, received.Connections[0].Drops["bad version"]);
        Assert.Equal((offloads, Offloads.All), (received.Offloads, received.DisabledOffloads));
        Assert.Contains("\"offloads\":\"TunTcp, UdpGro\",\"disabledOffloads\":\"All\"", Text(received));
    }

    [Fact]
    public async Task Asynchronous_operations_do_the_same()
    {
        Open();
        MptClient client = Connect();
        bool reloaded = false;
        server.OnReload = () => reloaded = true;

        Assert.Equal(Text(server.Status), Text(await client.GetStatusAsync()));
        Assert.Equal(PathStatusCode.TakenDown, (await client.SetPathStatusAsync("MPT_connection_10.0.0.2", 1, up: false)).Detail);
        await client.ReloadAsync();

        Assert.True(reloaded);
    }

    [Fact]
    public void Path_is_set_and_comes_back()
    {
        Open();

        PathStatus path = Connect().SetPathStatus("MPT_connection_10.0.0.2", 1, up: false);

        Assert.Equal((PathState.Down, PathStatusCode.TakenDown, "eth2"), (path.Status, path.Detail, path.Interface));
        Assert.Equal(["MPT_connection_10.0.0.2 1 down"], server.Calls);
    }

    [Fact]
    public void Command_that_fails_arrives_with_sentence_and_kind()
    {
        Open();

        var e = Assert.Throws<MptCommandException>(() => Connect().SetPathStatus("nobody", 7, up: true));

        Assert.Equal("There is no path 7 of 'nobody'.", e.Message);
        Assert.Equal(MptErrorKind.NotFound, e.Kind);
    }

    [Fact]
    public void Defect_of_the_server_costs_an_answer_and_nothing_more()
    {
        server.OnReload = () => throw new InvalidOperationException("a defect");
        Open();

        var e = Assert.Throws<MptCommandException>(() => Connect().Reload());

        Assert.Equal(MptErrorKind.Internal, e.Kind);
        Assert.Contains("a defect", e.Message);
        Assert.Equal(server.Name, Connect().GetStatus().Name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_returns_when_the_server_has_closed_its_socket(bool synchronous)
    {
        Open();
        using var asked = new ManualResetEventSlim();
        server.OnStop = asked.Set;
        MptClient client = Connect();

        Task stop = synchronous ? Task.Run(client.Stop) : client.StopAsync();
        Assert.True(asked.Wait(Patience));
        Assert.False(stop.IsCompleted);
        socket!.Dispose();

        await stop.WaitAsync(Patience);
    }

    [Fact]
    public async Task Events_arrive_in_order_and_end_with_the_server()
    {
        Open();
        var received = new ConcurrentQueue<string>();
        var ended = new TaskCompletionSource<Exception?>();
        using IDisposable subscription = Connect().Subscribe(change => received.Enqueue(change.Message), ended.SetResult);

        for (int i = 0; i < 200; i++)
        {
            server.Raise(Samples.Event($"event {i}"));
        }
        socket!.Dispose();

        Assert.Null(await ended.Task.WaitAsync(Patience));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"event {i}"), received);
    }

    [Fact]
    public async Task Subscription_that_is_disposed_leaves_the_server()
    {
        Open();
        IDisposable subscription = Connect().Subscribe(_ => { });
        Assert.Equal(1, server.ObserverCount);

        subscription.Dispose();

        await Eventually(() => server.ObserverCount == 0);
    }

    [Fact]
    public async Task Subscriber_that_does_not_read_is_cut_off_with_a_reason()
    {
        Open(new ControlSocketOptions { EventLimit = 4 });
        using Socket raw = RawClient();
        Send(raw, """{"request":"subscribe"}""");
        var lines = new LineChannel(raw, 1 << 20);
        Assert.Equal("{}", Encoding.UTF8.GetString((await lines.ReadAsync(default))!.Value.Span));

        // More than the socket's buffers and the queue take together.
        string large = new('x', 100_000);
        for (int i = 0; i < 50; i++)
        {
            server.Raise(Samples.Event(large));
        }

        string last = "";
        while (await lines.ReadAsync(default).AsTask().WaitAsync(Patience) is { } line)
        {
            last = Encoding.UTF8.GetString(line.Span);
        }
        Assert.Contains("More than 4 events were waiting", last);
        await Eventually(() => server.ObserverCount == 0);
    }

    [Fact]
    public void Second_server_of_the_name_is_refused_with_the_process_of_the_first()
    {
        Open();

        var e = Assert.Throws<ControlSocketTakenException>(() => ControlSocketServer.Open(server));

        Assert.Equal(Environment.ProcessId, e.ProcessId);
        Assert.Contains($"'{server.Name}'", e.Message);
        Assert.Contains($"process {Environment.ProcessId}", e.Message);
    }

    [Fact]
    public void Name_is_free_again_after_the_server_has_gone()
    {
        Open();
        MptClient client = Connect();
        Assert.Contains(server.Name, MptClient.ListServers(_ => true));

        socket!.Dispose();

        Assert.DoesNotContain(server.Name, MptClient.ListServers(_ => true));
        Assert.Equal(MptErrorKind.NoServer, Assert.Throws<MptCommandException>(() => client.GetStatus()).Kind);
        Open();
        Assert.Equal(server.Name, client.GetStatus().Name);
    }

    [Fact]
    public void Client_without_permission_gets_one_sentence()
    {
        Open(new ControlSocketOptions { IsAllowed = _ => false });

        var e = Assert.Throws<MptCommandException>(() => Connect());

        Assert.Equal(MptErrorKind.AccessDenied, e.Kind);
        Assert.Contains("group 'mpt'", e.Message);
        Assert.Empty(server.Calls);
    }

    [Fact]
    public void Server_that_is_not_roots_gets_no_request()
    {
        Open();

        var e = Assert.Throws<MptCommandException>(() => MptClient.Connect(server.Name, Patience, _ => false));

        Assert.Equal(MptErrorKind.NotTrusted, e.Kind);
        Assert.DoesNotContain(server.Name, MptClient.ListServers(_ => false));
    }

    [Fact]
    public async Task Clients_beyond_the_limit_are_told_so_and_places_come_back()
    {
        Open(new ControlSocketOptions { ClientLimit = 1 });
        using (RawClient())
        {
            Assert.Equal(MptErrorKind.Busy, Assert.Throws<MptCommandException>(() => Connect()).Kind);
        }

        await Eventually(() => TryConnect() is not MptErrorKind.Busy);
    }

    [Fact]
    public void Client_that_says_nothing_is_closed()
    {
        Open(new ControlSocketOptions { RequestTime = TimeSpan.FromMilliseconds(20) });
        using Socket raw = RawClient();
        raw.Send("{\"request\":"u8);

        Assert.Equal(0, raw.Receive(new byte[16]));
    }

    [Fact]
    public void Server_that_does_not_answer_is_given_up()
    {
        using var release = new ManualResetEventSlim();
        server.OnReload = () => release.Wait(Patience);
        Open();
        MptClient client = MptClient.Connect(server.Name, TimeSpan.FromSeconds(1), _ => true);

        var e = Assert.Throws<MptCommandException>(() => client.Reload());
        release.Set();

        Assert.Equal(MptErrorKind.TimedOut, e.Kind);
    }

    [Fact]
    public void Thread_that_waits_for_an_answer_can_be_woken()
    {
        using var release = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        server.OnReload = () =>
        {
            cancellation.Cancel();
            release.Wait(Patience);
        };
        Open();
        MptClient client = MptClient.Connect(server.Name, Patience, _ => true, cancellation.Token);

        Assert.ThrowsAny<OperationCanceledException>(() => client.Reload());
        release.Set();
        Assert.ThrowsAny<OperationCanceledException>(() => client.GetStatus());
    }

    [Fact]
    public void Command_that_waits_for_an_answer_can_be_woken()
    {
        using var release = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        server.OnReload = () =>
        {
            cancellation.Cancel();
            release.Wait(Patience);
        };
        Open();

        Assert.ThrowsAny<OperationCanceledException>(
            () => MptCommandLine.Execute(["reload"], server.Name, _ => true, cancellation.Token));
        release.Set();
    }

    [Fact]
    public void Wait_at_a_command_port_can_be_woken()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var cancellation = new CancellationTokenSource();
        var asked = new Thread(() =>
        {
            silent.Receive(new byte[2048]);
            cancellation.Cancel();
        });
        asked.Start();

        Assert.ThrowsAny<OperationCanceledException>(
            () => CommandPortClient.TryExecute(["show", "status"], (IPEndPoint)silent.LocalEndPoint!, Patience, cancellation.Token));
        asked.Join();
    }

    [Fact]
    public async Task Wait_for_an_answer_can_be_cancelled()
    {
        using var release = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        server.OnReload = () =>
        {
            cancellation.Cancel();
            release.Wait(Patience);
        };
        Open();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Connect().ReloadAsync(cancellation.Token));
        release.Set();
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("null", "")]
    [InlineData("[]", "")]
    [InlineData("{}", "request")]
    [InlineData("hello", "not understood")]
    [InlineData("""{"request":null}""", "")]
    [InlineData("""{"request":5}""", "")]
    [InlineData("""{"request":"drop-tables"}""", "no request 'drop-tables'")]
    [InlineData("""{"request":"path-set"}""", "'connection'")]
    [InlineData("""{"request":"path-set","connection":"c","path":99999999999,"state":"Up"}""", "not understood")]
    [InlineData("""{"request":"path-set","connection":"c","path":1,"state":"Sideways"}""", "not understood")]
    [InlineData("""{"request":"path-set","connection":"c","path":1,"state":17}""", "'state'")]
    public void Request_that_makes_no_sense_is_answered_and_the_next_one_too(string request, string expected)
    {
        Open();
        using Socket raw = RawClient();
        var lines = new LineChannel(raw, 1 << 20);

        Send(raw, request);
        ControlAnswer refusal = Read(lines);
        Send(raw, """{"request":"hello","of the future":{"a":[1]}}""");

        Assert.Equal(MptErrorKind.BadRequest, refusal.Kind);
        Assert.Contains(expected, refusal.Error);
        Assert.Equal(server.Name, Read(lines).Hello?.Name);
        Assert.Empty(server.Calls);
    }

    [Fact]
    public void Line_without_end_is_refused_at_the_limit()
    {
        Open(new ControlSocketOptions { RequestLimit = 1000 });
        using Socket raw = RawClient();

        raw.Send(Encoding.UTF8.GetBytes(new string(' ', 1001)));

        var lines = new LineChannel(raw, 1 << 20);
        Assert.Contains("longer than 1000 bytes", Read(lines).Error);
    }

    [Fact]
    public void Several_requests_in_one_piece_are_answered_in_order()
    {
        Open();
        using Socket raw = RawClient();
        Send(raw, "{\"request\":\"hello\"}\n{\"request\":\"status\"}\n{\"request\":\"nonsense\"}");
        var lines = new LineChannel(raw, 1 << 20);

        Assert.NotNull(Read(lines).Hello);
        Assert.NotNull(Read(lines).Status);
        Assert.NotNull(Read(lines).Error);
    }

    [Fact]
    public void Random_bytes_leave_the_server_answering()
    {
        Open(new ControlSocketOptions { RequestLimit = 512 });
        const int seed = 20250301;
        var random = new Random(seed);
        byte[][] words =
        [
            .. new[] { "{", "}", "[", "]", "\"", ":", ",", "\n", "\\u", "request", "path-set", "hello", "status", "null", "1e999", "-", "\"request\":" }
                .Select(Encoding.UTF8.GetBytes),
        ];
        for (int round = 0; round < 200; round++)
        {
            using Socket raw = RawClient();
            var garbage = new List<byte>();
            int pieces = random.Next(1, 60);
            for (int i = 0; i < pieces; i++)
            {
                if (random.Next(3) == 0)
                {
                    byte[] noise = new byte[random.Next(1, 20)];
                    random.NextBytes(noise);
                    garbage.AddRange(noise);
                }
                else
                {
                    garbage.AddRange(words[random.Next(words.Length)]);
                }
            }
            raw.Send(garbage.ToArray());
            raw.Shutdown(SocketShutdown.Send);
            // Each answer is a whole one, whatever the question was.
            var lines = new LineChannel(raw, 1 << 20);
            while (lines.Read() is { } line)
            {
                Assert.True(JsonSerializer.Deserialize(line.Span, ControlJson.Default.ControlAnswer) is not null, $"seed {seed}");
            }
        }

        Assert.True(Connect().GetStatus().Name == server.Name, $"seed {seed}");
        Assert.Empty(server.Calls);
    }

    [Fact]
    public void Unknown_and_impossible_names_are_one_sentence()
    {
        Assert.Contains("No server 'nobody'", Assert.Throws<MptCommandException>(() => MptClient.Connect("nobody")).Message);
        foreach (string name in new[] { "", "much-too-long-a-name", "a\0b" })
        {
            Assert.Equal(MptErrorKind.NoServer, Assert.Throws<MptCommandException>(() => MptClient.Connect(name)).Kind);
        }
    }

    [Fact]
    public void Choice_without_a_name_needs_exactly_one_server()
    {
        Assert.Equal("tun0", MptClient.TheOnlyOne(["tun0"]));
        Assert.Equal(MptErrorKind.NoServer, Assert.Throws<MptCommandException>(() => MptClient.TheOnlyOne([])).Kind);
        var several = Assert.Throws<MptCommandException>(() => MptClient.TheOnlyOne(["tun0", "tun1"]));
        Assert.Equal(MptErrorKind.SeveralServers, several.Kind);
        Assert.Contains("tun0, tun1", several.Message);
    }

    private void Open(ControlSocketOptions? options = null)
    {
        options ??= new ControlSocketOptions();
        socket = ControlSocketServer.Open(server, options.IsAllowed == ControlSocketOptions.Default.IsAllowed
            ? options with { IsAllowed = _ => true }
            : options);
    }

    private MptClient Connect() => MptClient.Connect(server.Name, Patience, _ => true);

    private MptErrorKind? TryConnect()
    {
        try
        {
            Connect();
            return null;
        }
        catch (MptCommandException e)
        {
            return e.Kind;
        }
    }

    private Socket RawClient()
    {
        Socket raw = ControlProtocol.NewSocket();
        raw.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        raw.Connect(ControlProtocol.EndPoint(server.Name));
        return raw;
    }

    private static void Send(Socket raw, string line) => raw.Send(Encoding.UTF8.GetBytes(line + "\n"));

    private static ControlAnswer Read(LineChannel lines) =>
        JsonSerializer.Deserialize(lines.Read()!.Value.Span, ControlJson.Default.ControlAnswer)!;

    private static string Text(ServerStatus status) =>
        JsonSerializer.Serialize(new ControlAnswer { Status = status }, ControlJson.Default.ControlAnswer);

    private static async Task Eventually(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
