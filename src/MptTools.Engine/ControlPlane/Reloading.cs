using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Goes over to what the files say now, wholly or not at all: a connection that is the same keeps running untouched, a changed one
/// changes, a new one starts. One whose file is gone keeps running, as with existing servers. Used by the control thread only.
/// </summary>
internal sealed class Reloading(ServerContext context, ConnectionSet connections, Reconfiguration current)
{
    private readonly Stack<Action> undo = new();
    private int kept, changed, started;

    /// <summary>Takes all files over.</summary>
    /// <exception cref="MptCommandException">Something cannot be carried out; all runs as before.</exception>
    internal void Apply(ServerConfig wanted)
    {
        ServerConfig before = current.Config;
        AgreeWithOrphans(wanted.Connections);
        Apply(wanted.Connections);
        GeneralConfig general = before.General with
        {
            AcceptRemote = wanted.General.AcceptRemote,
            CommandTimeout = wanted.General.CommandTimeout,
            AcceptLocalUsers = wanted.General.AcceptLocalUsers,
            StunServer = wanted.General.StunServer,
        };
        if (!wanted.Tunnels.SequenceEqual(before.Tunnels) || wanted.General != general)
        {
            context.Warn("interface.conf has changed in what a running server cannot change (the tunnels, threads, disable_offloads or cmdport_local); restart the server to use it.");
        }
        current.Config = wanted with { General = general, Tunnels = before.Tunnels };
        context.Raise(MptEventKind.Reloaded, $"The configuration was read again: {Counted()}.");
    }

    /// <summary>Takes one file over.</summary>
    /// <exception cref="MptCommandException">It cannot be carried out; all runs as before.</exception>
    internal void Apply(ConnectionConfig wanted)
    {
        IReadOnlyList<ConnectionConfig> others = [.. current.Config.Connections.Where(other => other.File != wanted.File)];
        ConnectionController? running = Match(wanted, [wanted]);
        Refuse(ConnectionSettings.Check(wanted, new ConnectionSurroundings(
            current.Config.General,
            current.Config.Tunnels,
            [
                .. connections.Running.Where(other => other != running).Select(other => other.Config),
                .. others.Where(other => connections.Find(other.Name) is null && connections.FindFile(other.File) is null),
            ])));
        Apply([wanted]);
        current.Config = current.Config with { Connections = [.. others, wanted] };
        context.Raise(MptEventKind.Reloaded, $"{wanted.File} was read again: {Counted()}.", wanted.Name);
    }

    private string Counted() => $"{kept} connection(s) unchanged, {changed} changed, {started} started";

    private void Apply(IReadOnlyList<ConnectionConfig> wanted)
    {
        List<(ConnectionController Running, ConnectionConfig Wanted)> changes = [];
        List<ConnectionConfig> fresh = [];
        foreach (ConnectionConfig connection in wanted)
        {
            ConnectionController? running = Match(connection, wanted);
            if (!connection.IsComplete)
            {
                // What a create has made of it keeps running.
                if (running is null)
                {
                    connections.WarnOfIncomplete(connection);
                }
            }
            else if (running is null)
            {
                fresh.Add(connection);
            }
            else if (ConfigComparer.AreSame(running.Config, connection))
            {
                running.Loaded = connection;
                kept++;
            }
            else
            {
                changes.Add((running, connection));
            }
        }
        try
        {
            CarryOut(changes, fresh);
        }
        catch (MptCommandException)
        {
            Undo();
            throw;
        }
        (changed, started) = (changes.Count, fresh.Count);
    }

    private void Undo()
    {
        while (undo.TryPop(out Action? step))
        {
            try
            {
                step();
            }
            catch (MptCommandException e)
            {
                // What was there a moment ago and is not to be had any more.
                context.Warn($"Not all is as it was before the reload: {e.Message}");
            }
        }
    }

    private void CarryOut(List<(ConnectionController Running, ConnectionConfig Wanted)> changes, List<ConnectionConfig> fresh)
    {
        // One that wants the port of another one that moves away, too: both ports must be free before either is taken.
        HashSet<ConnectionController> blocked = [];
        foreach ((ConnectionController running, ConnectionConfig wanted) in changes)
        {
            if (changes.Find(other => other.Running != running && other.Running.Config.LocalPort == wanted.LocalPort).Running is { } holder)
            {
                blocked.Add(running);
                blocked.Add(holder);
            }
        }
        foreach (ConnectionController running in blocked)
        {
            (ConnectionConfig before, ConnectionConfig? loaded) = (running.Config, running.Loaded);
            connections.Stop(running);
            undo.Push(() => connections.Start(before, loaded));
        }
        foreach ((ConnectionController running, ConnectionConfig wanted) in changes)
        {
            (ConnectionConfig before, ConnectionConfig? loaded) = (running.Config, running.Loaded);
            if (blocked.Contains(running))
            {
                Start(wanted);
                continue;
            }
            ConnectionController now = connections.Change(running, wanted);
            now.Loaded = wanted;
            undo.Push(() => connections.Change(now, before).Loaded = loaded);
        }
        fresh.ForEach(Start);
    }

    private void Start(ConnectionConfig connection)
    {
        ConnectionController now = connections.Start(connection, connection);
        undo.Push(() => connections.Stop(now));
    }

    /// <summary>The running connection that a file speaks of: that of its name, or that of the file where the name was changed.</summary>
    private ConnectionController? Match(ConnectionConfig wanted, IReadOnlyList<ConnectionConfig> all) =>
        connections.Find(wanted.Name)
        ?? (connections.FindFile(wanted.File) is { } found && !all.Any(other => other.Name == found.Config.Name) ? found : null);

    /// <summary>The files agree with each other; a connection that runs without one has to be asked as well.</summary>
    private void AgreeWithOrphans(IReadOnlyList<ConnectionConfig> wanted)
    {
        HashSet<ConnectionController> known = [.. wanted.Select(connection => Match(connection, wanted)).OfType<ConnectionController>()];
        foreach (ConnectionController orphan in connections.Running.Where(connection => !known.Contains(connection)))
        {
            Refuse(ConnectionSettings.Check(orphan.Config, new ConnectionSurroundings(current.Config.General, current.Config.Tunnels, wanted)));
        }
    }

    private static void Refuse(IReadOnlyList<ConfigDiagnostic> diagnostics)
    {
        if (diagnostics.Any(fault => fault.Severity == ConfigSeverity.Error))
        {
            throw Faulty(diagnostics);
        }
    }

    /// <summary>What files' faults are to who asked for a reload.</summary>
    internal static MptCommandException Faulty(IEnumerable<ConfigDiagnostic> diagnostics)
    {
        string faults = string.Join(Environment.NewLine, diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error));
        return new MptCommandException($"The configuration has faults, so nothing was changed.{Environment.NewLine}{faults}") { Kind = MptErrorKind.InvalidConfiguration };
    }
}
