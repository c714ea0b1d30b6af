using System.Net;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>What local commands need of the server they come to.</summary>
internal interface ILocalCommandServer
{
    /// <summary>Carries commands out; called on other threads than the control thread.</summary>
    IServerControl Control { get; }

    /// <summary>accept_local_users.</summary>
    bool AcceptLocalUsers { get; }

    /// <summary>Sends on the control thread.</summary>
    void Answer(ReadOnlyMemory<byte> datagram, IPEndPoint to, DatagramWay way);

    /// <summary>The users that a datagram over the loopback interface may come from.</summary>
    IReadOnlySet<uint> OwnersOf(IPEndPoint source);

    /// <summary>Runs something on the control thread, later.</summary>
    void Post(Action action);
}

/// <summary>
/// Commands of existing <c>mpt</c> clients over the loopback interface. Everybody on this host can knock there, so what only reads is
/// answered, and what changes something is taken only from sockets that belong to root. Used by the control thread only;
/// commands are carried out on other threads, for they may take long.
/// </summary>
internal sealed class LocalCommands(ILocalCommandServer server, RefusalReports refusals)
{
    /// <summary>Commands that may be in progress; more are dropped, and their clients see a timeout as with a lost datagram.</summary>
    private const int Limit = 16;

    /// <summary>What all users of the host together may send, in commands a second and at once.</summary>
    private const double PerSecond = 200, Burst = 400;

    private const uint Root = 0;

    private readonly SourceRateLimit rate = new(PerSecond, Burst, seed: 0);
    private int running;

    /// <summary>Commands that were carried out or refused with an answer.</summary>
    internal long Answered { get; private set; }

    /// <summary>Datagrams that got no answer.</summary>
    internal long Dropped { get; private set; }

    /// <summary>Takes a datagram that begins like a command.</summary>
    internal void Take(in DatagramOrigin origin, ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        if (!origin.IsLoopback || !rate.TryTake(0, now) || LocalCommand.TryReadRequest(datagram, out string text) != LocalCommandError.None)
        {
            Dropped++;
            return;
        }
        var client = new IPEndPoint(MappedAddress.ToIPAddress(origin.Source), origin.Port);
        var way = new DatagramWay(origin.Destination);
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string line = MptSyntax.Shown(words);
        ParsedCommand parsed = MptSyntax.Parse(words);
        if (parsed.Command is not { } command)
        {
            Answer(new CommandOutcome(line, parsed.Fault ?? "The command is not whole; 'mpt help' shows what there is."), client, way);
        }
        else if (!command.OnlyReads && !server.AcceptLocalUsers && !server.OwnersOf(client).SetEquals([Root]))
        {
            refusals.AddLocal(line, now);
            Answer(new CommandOutcome(line, "Over the UDP command port only root may change something. Run mpt as root, or as a member of group mpt with the mpt of MptTools; accept_local_users = 1 in interface.conf lets everybody."), client, way);
        }
        else if (running >= Limit)
        {
            Dropped++;
        }
        else
        {
            running++;
            _ = RunAsync(command, line, client, way);
        }
    }

    private async Task RunAsync(MptCommand command, string line, IPEndPoint client, DatagramWay way)
    {
        CommandOutcome outcome = await Task.Run(() => CommandRunner.RunAsync(command, line, server.Control)).ConfigureAwait(false);
        server.Post(() =>
        {
            running--;
            Answer(outcome, client, way);
        });
    }

    private void Answer(CommandOutcome outcome, IPEndPoint client, DatagramWay way)
    {
        Answered++;
        string text = outcome.Done ? outcome.Text : $"{outcome.Text}\n{outcome.Error}";
        foreach (byte[] datagram in LocalCommand.WriteAnswer(outcome.Done, text))
        {
            server.Answer(datagram, client, way);
        }
    }
}
