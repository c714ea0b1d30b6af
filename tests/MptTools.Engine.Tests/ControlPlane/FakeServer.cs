using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>A server without a tunnel: it answers from a status and remembers what it was told.</summary>
internal sealed class FakeServer : IServerControl
{
    private readonly Lock gate = new();
    private readonly List<Action<MptEvent>> observers = [];
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal FakeServer(ServerStatus? status = null) => Status = (status ?? Samples.Server()) with { Name = Name };

    /// <summary>A name nobody else has, as long as a name may be.</summary>
    public string Name { get; } = "t-" + Guid.NewGuid().ToString("N")[..13];

    public Task Completion => completion.Task;

    internal ServerStatus Status { get; set; }

    internal Action? OnReload { get; set; }

    internal Action? OnStop { get; set; }

    internal Func<Task>? OnCreate { get; set; }

    internal List<string> Calls { get; } = [];

    internal int ObserverCount
    {
        get
        {
            lock (gate)
            {
                return observers.Count;
            }
        }
    }

    public ServerStatus GetStatus() => Status;

    public PathStatus SetPathStatus(string connection, int path, bool up)
    {
        lock (gate)
        {
            Calls.Add($"{connection} {path} {(up ? "up" : "down")}");
        }
        PathStatus before = Status.Connections.FirstOrDefault(c => c.Name == connection)?.Paths.FirstOrDefault(p => p.Index == path)
            ?? throw new MptCommandException($"There is no path {path} of '{connection}'.") { Kind = MptErrorKind.NotFound };
        return before with
        {
            Status = up ? PathState.Up : PathState.Down,
            Detail = up ? PathStatusCode.Up : PathStatusCode.TakenDown,
        };
    }

    public void Reload(string? file = null)
    {
        Note("reload", file);
        OnReload?.Invoke();
    }

    public void Restart(string? file = null) => Note("restart", file);

    public void Delete(string file) => Note("delete", file);

    public IReadOnlyList<string> Save(string? file = null)
    {
        Note("save", file);
        return [file ?? "connection.conf"];
    }

    public void SetConnection(string connection, IReadOnlyDictionary<string, string> settings) =>
        Note("connection set", connection, Text(settings));

    public int AddPath(string connection, IReadOnlyDictionary<string, string> settings)
    {
        Note("path add", connection, Text(settings));
        return 2;
    }

    public void SetPath(string connection, int path, IReadOnlyDictionary<string, string> settings) =>
        Note("path set", connection, path, Text(settings));

    public void RemovePath(string connection, int path) => Note("path remove", connection, path);

    public int AddRule(string connection, IReadOnlyDictionary<string, string> settings, int? position = null)
    {
        Note("rule add", connection, Text(settings), position is null ? null : $"at {position}");
        return position ?? 3;
    }

    public void SetRule(string connection, int rule, IReadOnlyDictionary<string, string> settings) =>
        Note("rule set", connection, rule, Text(settings));

    public void RemoveRule(string connection, int rule) => Note("rule remove", connection, rule);

    public MappingAnswer TestMapping(MappingQuestion question)
    {
        Note("map", question);
        return Samples.Mapping();
    }

    public int AddNetwork(string connection, string source, string destination)
    {
        Note("network add", connection, source, destination);
        return 1;
    }

    public void RemoveNetwork(string connection, string source, string destination) =>
        Note("network remove", connection, source, destination);

    public Task CreateAsync(string file)
    {
        Note("create", file);
        return OnCreate is null ? Task.CompletedTask : OnCreate();
    }

    public void AddAddress(string interfaceName, InterfaceAddress address) => Note("address add", interfaceName, address);

    public void RemoveAddress(string interfaceName, InterfaceAddress address) => Note("address remove", interfaceName, address);

    public void SetInterface(string interfaceName, bool up) => Note("interface", interfaceName, up ? "up" : "down");

    public void RequestStop()
    {
        OnStop?.Invoke();
        completion.TrySetResult();
    }

    public IDisposable Subscribe(Action<MptEvent> observer)
    {
        lock (gate)
        {
            observers.Add(observer);
        }
        return new Subscription(this, observer);
    }

    internal void Raise(MptEvent change)
    {
        Action<MptEvent>[] now;
        lock (gate)
        {
            now = [.. observers];
        }
        foreach (Action<MptEvent> observer in now)
        {
            observer(change);
        }
    }

    private void Note(params IEnumerable<object?> words)
    {
        lock (gate)
        {
            Calls.Add(string.Join(' ', words.Where(word => word is not null)));
        }
    }

    private static string Text(IReadOnlyDictionary<string, string> settings) =>
        string.Join(' ', settings.Select(setting => $"{setting.Key}={setting.Value}"));

    private sealed class Subscription(FakeServer server, Action<MptEvent> observer) : IDisposable
    {
        public void Dispose()
        {
            lock (server.gate)
            {
                server.observers.Remove(observer);
            }
        }
    }
}
