using System.Net;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Commands;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>Who may give which command over the loopback interface, and what is never answered.</summary>
public sealed class LocalCommandsTests : IDisposable, ILocalCommandServer
{
    private static readonly DatagramOrigin Client = new(Number("127.0.0.1"), 40000, Number("127.0.0.1"), 1);

    private readonly FakeServer server = new();
    private readonly EventFd arrival = new();
    private readonly EventHub hub = new(Samples.Patience);
    private readonly PathRoutes routes = new();
    private readonly Forwarder forwarder;
    private readonly LocalCommands commands;
    private readonly List<(byte[] Datagram, IPEndPoint To, DatagramWay Way)> sent = [];
    private readonly SemaphoreSlim posted = new(0);
    private readonly Queue<Action> actions = [];
    private HashSet<uint> owners = [0];

    public LocalCommandsTests()
    {
        forwarder = new Forwarder("test", TimeProvider.System, new ThreadPlan(1), arrival);
        ServerContext context = new("tun0", TimeProvider.System, forwarder, routes, hub, Offloads.All)
        {
            Hooks = new HookRunner("tun0", null, hub, TimeProvider.System),
        };
        commands = new LocalCommands(this, new RefusalReports(context));
    }

    IServerControl ILocalCommandServer.Control => server;

    bool ILocalCommandServer.AcceptLocalUsers => AcceptsAll;

    private bool AcceptsAll { get; set; }

    void ILocalCommandServer.Answer(ReadOnlyMemory<byte> datagram, IPEndPoint to, DatagramWay way) => sent.Add((datagram.ToArray(), to, way));

    IReadOnlySet<uint> ILocalCommandServer.OwnersOf(IPEndPoint source)
    {
        Assert.Equal("127.0.0.1:40000", source.ToString());
        return owners;
    }

    void ILocalCommandServer.Post(Action action)
    {
        lock (actions)
        {
            actions.Enqueue(action);
        }
        posted.Release();
    }

    public void Dispose()
    {
        hub.Complete();
        forwarder.Dispose();
        routes.Dispose();
        arrival.Dispose();
        posted.Dispose();
    }

    [Fact]
    public void RootChangesThingsAndIsAnsweredWhereItAsked()
    {
        Take("delete  c.conf");
        RunPosted();

        Assert.Equal("CMD_OK:delete c.conf", Answer());
        Assert.Equal(["delete c.conf"], server.Calls);
        Assert.All(sent, item => Assert.Equal(("127.0.0.1:40000", Number("127.0.0.1")), (item.To.ToString(), item.Way.Source)));
    }

    [Fact]
    public void KeysAreNotRepeated()
    {
        Take("connection set c AUTH_KEY=0123 auth_type=2");
        RunPosted();

        Assert.Equal("CMD_OK:connection set c auth_key=*** auth_type=2", Answer());
        Assert.Equal(["connection set c auth_key=0123 auth_type=2"], server.Calls);
    }

    [Theory]
    [InlineData("1000")]
    [InlineData("0 1000")] // somebody else has bound the same port
    [InlineData("")] // gone already
    public void WhoIsNotRootAloneMayOnlyRead(string users)
    {
        owners = [.. users.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse)];

        Take("delete c.conf");
        Assert.StartsWith("CMD-ERROR:delete c.conf\nOver the UDP command port only root may change something.", Answer());
        Assert.Empty(server.Calls);

        Take("show status");
        RunPosted();
        Assert.StartsWith("CMD_OK:\nTunnel information:", Answer());
    }

    [Fact]
    public void TheConfigurationMayLetEverybodyChange()
    {
        owners = [1000];
        AcceptsAll = true;

        Take("save");
        RunPosted();

        Assert.Equal("CMD_OK:save", Answer());
    }

    [Theory]
    [InlineData("")]
    [InlineData("fly away")]
    [InlineData("path down 10.1.1.2")]
    [InlineData("show")]
    public void WhatIsNoCommandIsAnErrorForExistingClientsToo(string text)
    {
        if (text.Length == 0)
        {
            // Without any text it is no command at all.
            commands.Take(Client, LocalCommand.WriteRequest(text), TimeSpan.Zero);
            Assert.Empty(sent);
            return;
        }
        Take(text);

        Assert.StartsWith($"CMD-ERROR:{text}\n", Answer());
        Assert.Empty(server.Calls);
    }

    [Fact]
    public void WhatComesFromElsewhereIsNotAnswered()
    {
        byte[] request = LocalCommand.WriteRequest("show status");
        commands.Take(Client with { Source = Number("10.1.1.3") }, request, TimeSpan.Zero);
        commands.Take(Client with { Destination = Number("10.1.1.2") }, request, TimeSpan.Zero);
        commands.Take(Client, [.. request, 0], TimeSpan.Zero);

        Assert.Equal((3, 0), (commands.Dropped, commands.Answered));
        Assert.Empty(sent);
    }

    [Fact]
    public void ThereIsALimitInTime()
    {
        for (int i = 0; i < 1000; i++)
        {
            commands.Take(Client, LocalCommand.WriteRequest("fly away"), TimeSpan.Zero);
        }
        Assert.Equal((400, 600), (commands.Answered, commands.Dropped));

        commands.Take(Client, LocalCommand.WriteRequest("fly away"), TimeSpan.FromSeconds(1));
        Assert.Equal(401, commands.Answered);
    }

    [Fact]
    public void SoManyAreInProgressAndNoMore()
    {
        var release = new TaskCompletionSource();
        server.OnCreate = () => release.Task;
        for (int i = 0; i < 20; i++)
        {
            commands.Take(Client, LocalCommand.WriteRequest("create c.conf"), TimeSpan.Zero);
        }
        Assert.Equal(4, commands.Dropped);

        release.SetResult();
        for (int i = 0; i < 16; i++)
        {
            RunPosted();
        }
        Assert.Equal(16, commands.Answered);
        Take("create c.conf");
        RunPosted();
        Assert.Equal(17, commands.Answered);
    }

    private static UInt128 Number(string address) => MappedAddress.ToInteger(IPAddress.Parse(address));

    private void Take(string text) => commands.Take(Client, LocalCommand.WriteRequest(text), TimeSpan.Zero);

    /// <summary>Waits for a command to be carried out and runs what it has posted.</summary>
    private void RunPosted()
    {
        Assert.True(posted.Wait(Samples.Patience));
        Action action;
        lock (actions)
        {
            action = actions.Dequeue();
        }
        action();
    }

    private string Answer()
    {
        var answer = new LocalCommandAnswer();
        sent.ForEach(item => Assert.Equal(LocalCommandError.None, answer.Add(item.Datagram)));
        Assert.True(answer.IsComplete);
        sent.Clear();
        return answer.Text;
    }
}
