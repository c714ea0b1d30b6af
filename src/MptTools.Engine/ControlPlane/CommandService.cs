using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Commands;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>All that goes over the UDP command port, by kind of message. Used by the control thread only.</summary>
internal sealed class CommandService : ICommandPortUser, ILocalCommandServer, IDisposable
{
    private readonly ServerContext context;
    private readonly CommandPort port;
    private readonly ControlLoop loop;
    private readonly Func<ServerConfig> config;

    /// <exception cref="MptStartException">Another program has the port.</exception>
    internal CommandService(
        ServerContext context, ConnectionSet connections, Func<ServerConfig> config, ControlLoop loop, IServerControl control)
    {
        (this.context, this.config, this.loop, Control) = (context, config, loop, control);
        port = new CommandPort(config().General.CommandPort);
        RefusalReports refusals = new(context);
        Local = new LocalCommands(this, refusals);
        Peers = new PeerHandshakes(context, port, connections, config, refusals);
        context.ReportPath = (connection, path, isUp, byHand) => Peers.Tell(connection, path, isUp, byHand, Now);
        foreach (int descriptor in port.Descriptors)
        {
            loop.Watch(descriptor, () => port.Read(this));
        }
    }

    internal LocalCommands Local { get; }

    internal PeerHandshakes Peers { get; }

    /// <summary>Datagrams that begin like nothing that comes here.</summary>
    internal long Unknown { get; private set; }

    /// <inheritdoc/>
    public IServerControl Control { get; }

    /// <inheritdoc/>
    public bool AcceptLocalUsers => config().General.AcceptLocalUsers;

    private TimeSpan Now => context.Forwarder.Now;

    /// <inheritdoc/>
    public void Take(in DatagramOrigin origin, ReadOnlySpan<byte> datagram)
    {
        switch (datagram.IsEmpty ? 0 : datagram[0])
        {
            case LocalCommand.TextType:
                Local.Take(origin, datagram, Now);
                break;
            case (byte)ControlKind.PathStatus or (byte)ControlKind.Create:
                Peers.Take(origin, datagram, Now);
                break;
            default:
                Unknown++;
                break;
        }
    }

    /// <inheritdoc/>
    public void Answer(ReadOnlyMemory<byte> datagram, IPEndPoint to, DatagramWay way) => port.Send(datagram.Span, to, way);

    /// <inheritdoc/>
    public IReadOnlySet<uint> OwnersOf(IPEndPoint source) => UdpSocketOwners.Of(source);

    /// <inheritdoc/>
    public void Post(Action action) => loop.Post(action);

    /// <summary>What has come in so far.</summary>
    internal CommandPortStatus Status
    {
        get
        {
            Dictionary<string, long> refused = [];
            Add("LocalCommand", Local.Dropped);
            Add("UnknownKind", Unknown);
            foreach (HandshakeRefusal reason in Enum.GetValues<HandshakeRefusal>())
            {
                Add(reason.ToString(), Peers.Counters[reason]);
            }
            return new CommandPortStatus
            {
                LocalCommands = Local.Answered,
                PeerCommands = Peers.Counters.Executed,
                Repeated = Peers.Counters.Repeated,
                Refused = refused,
            };

            void Add(string reason, long count)
            {
                if (count > 0)
                {
                    refused[reason] = count;
                }
            }
        }
    }

    /// <summary>Closes the port; the control thread does not run any more.</summary>
    public void Dispose()
    {
        Peers.Abandon();
        port.Dispose();
    }
}
