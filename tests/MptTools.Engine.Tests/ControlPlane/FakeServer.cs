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

    public void Reload() => OnReload?.Invoke();

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
