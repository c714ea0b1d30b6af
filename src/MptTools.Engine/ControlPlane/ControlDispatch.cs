using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Commands;

namespace MptTools.Engine.ControlPlane;

/// <summary>What each request of the control socket that has one answer asks of the server.</summary>
internal static class ControlDispatch
{
    /// <exception cref="MptCommandException">The server refuses, or a field is missing.</exception>
    internal static async Task<ControlAnswer> AnswerAsync(ControlRequest request, IServerControl server)
    {
        switch (request.Request)
        {
            case ControlRequest.Hello:
                return new ControlAnswer { Hello = Introduce(server.GetStatus()) };
            case ControlRequest.Status:
                return new ControlAnswer { Status = server.GetStatus() };
            case ControlRequest.Command:
                return await CommandAsync(Need(request.Words, "words"), server).ConfigureAwait(false);
            case ControlRequest.PathSet:
                return new ControlAnswer { Path = SetPathStatus(request, server) };
            case ControlRequest.PathAdd:
                return new ControlAnswer { Index = server.AddPath(Need(request.Connection, "connection"), Need(request.Settings, "settings")) };
            case ControlRequest.PathChange:
                server.SetPath(Need(request.Connection, "connection"), NeedPath(request), Need(request.Settings, "settings"));
                return new ControlAnswer();
            case ControlRequest.PathRemove:
                server.RemovePath(Need(request.Connection, "connection"), NeedPath(request));
                return new ControlAnswer();
            case ControlRequest.RuleAdd:
                return new ControlAnswer { Index = server.AddRule(Need(request.Connection, "connection"), Need(request.Settings, "settings"), request.Rule) };
            case ControlRequest.RuleChange:
                server.SetRule(Need(request.Connection, "connection"), NeedRule(request), Need(request.Settings, "settings"));
                return new ControlAnswer();
            case ControlRequest.RuleRemove:
                server.RemoveRule(Need(request.Connection, "connection"), NeedRule(request));
                return new ControlAnswer();
            case ControlRequest.MappingTest:
                return new ControlAnswer { Mapping = server.TestMapping(NeedPacket(request)) };
            case ControlRequest.ConnectionChange:
                server.SetConnection(Need(request.Connection, "connection"), Need(request.Settings, "settings"));
                return new ControlAnswer();
            case ControlRequest.NetworkAdd:
                return new ControlAnswer { Index = server.AddNetwork(Need(request.Connection, "connection"), Need(request.Source, "source"), Need(request.Destination, "destination")) };
            case ControlRequest.NetworkRemove:
                server.RemoveNetwork(Need(request.Connection, "connection"), Need(request.Source, "source"), Need(request.Destination, "destination"));
                return new ControlAnswer();
            case ControlRequest.AddressAdd:
                server.AddAddress(NeedInterface(request), NeedAddress(request));
                return new ControlAnswer();
            case ControlRequest.AddressRemove:
                server.RemoveAddress(NeedInterface(request), NeedAddress(request));
                return new ControlAnswer();
            case ControlRequest.InterfaceSet:
                server.SetInterface(NeedInterface(request), NeedState(request) == PathState.Up);
                return new ControlAnswer();
            case ControlRequest.Reload:
                server.Reload(request.File);
                return new ControlAnswer();
            case ControlRequest.Restart:
                server.Restart(request.File);
                return new ControlAnswer();
            case ControlRequest.Delete:
                server.Delete(Need(request.File, "file"));
                return new ControlAnswer();
            case ControlRequest.Save:
                return new ControlAnswer { Files = server.Save(request.File) };
            case ControlRequest.Create:
                await server.CreateAsync(Need(request.File, "file")).ConfigureAwait(false);
                return new ControlAnswer();
            default:
                throw Bad($"There is no request '{request.Request}'.");
        }
    }

    private static async Task<ControlAnswer> CommandAsync(string[] words, IServerControl server)
    {
        ParsedCommand parsed = MptSyntax.Parse(words);
        if (parsed.Command is not { } command)
        {
            throw Bad(parsed.Fault ?? "The command is not whole.");
        }
        CommandOutcome outcome = await CommandRunner.RunAsync(command, MptSyntax.Shown(words), server).ConfigureAwait(false);
        ServerStatus self = server.GetStatus();
        MptCommandResult result = CommandAnswer.Render(outcome, self.CommandPort, self.CommandTimeoutSeconds);
        return new ControlAnswer
        {
            Command = new CommandText { ExitCode = result.ExitCode, Output = result.Output },
            Error = result.Error,
            Kind = result.ErrorKind,
        };
    }

    private static PathStatus SetPathStatus(ControlRequest request, IServerControl server) =>
        server.SetPathStatus(Need(request.Connection, "connection"), NeedPath(request), NeedState(request) == PathState.Up);

    private static ServerHello Introduce(ServerStatus self) => new()
    {
        Protocol = ControlProtocol.Version,
        Name = self.Name,
        Version = self.Version,
        ProcessId = self.ProcessId,
        CommandPort = self.CommandPort,
    };

    private static int NeedPath(ControlRequest request) => request.Path ?? throw Bad($"A {request.Request} request needs 'path', a number.");

    private static int NeedRule(ControlRequest request) => request.Rule ?? throw Bad($"A {request.Request} request needs 'rule', a number.");

    private static MappingQuestion NeedPacket(ControlRequest request)
    {
        MappingQuestion packet = Need(request.Packet, "packet");
        Need(packet.Source, "packet.source");
        Need(packet.Destination, "packet.destination");
        return packet;
    }

    private static PathState NeedState(ControlRequest request) => request.State is { } state && Enum.IsDefined(state)
        ? state
        : throw Bad($"A {request.Request} request needs 'state' (\"Up\" or \"Down\").");

    private static string NeedInterface(ControlRequest request) => request.Interface is { } name && MptSyntax.IsInterface(name)
        ? name
        : throw Bad($"A {request.Request} request needs 'interface', an interface's name.");

    private static InterfaceAddress NeedAddress(ControlRequest request) =>
        MptSyntax.TryParseAddress(request.Address ?? "", out InterfaceAddress address) is not { } fault
            ? address
            : throw Bad($"A {request.Request} request needs 'address': {fault}");

    private static T Need<T>(T? value, string name) where T : class => value ?? throw Bad($"The request needs '{name}'.");

    private static MptCommandException Bad(string why) => new(why) { Kind = MptErrorKind.BadRequest };
}
