using System.Threading.Channels;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Passes events to whoever observes, one at a time and in order, on a task of its own: an observer that is slow or
/// fails holds up no timer and no packet.
/// </summary>
internal sealed class EventHub
{
    private readonly Channel<MptEvent> queue = Channel.CreateUnbounded<MptEvent>(new() { SingleReader = true });
    private readonly Lock changes = new();
    private volatile Action<MptEvent>[] observers = [];
    private readonly TimeSpan patience;
    private readonly Task dispatcher;

    /// <param name="patience">How long <see cref="Complete"/> waits for observers; null: a second, so that one that hangs does not keep a server from its end.</param>
    internal EventHub(TimeSpan? patience = null)
    {
        this.patience = patience ?? TimeSpan.FromSeconds(1);
        dispatcher = Task.Run(DispatchAsync);
    }

    internal void Raise(MptEvent happened) => queue.Writer.TryWrite(happened);

    internal IDisposable Subscribe(Action<MptEvent> observer)
    {
        lock (changes)
        {
            observers = [.. observers, observer];
        }
        return new Subscription(this, observer);
    }

    /// <summary>No more events; returns when all have been passed on, or when its patience is at its end.</summary>
    /// <returns>Whether all have been passed on.</returns>
    internal bool Complete()
    {
        queue.Writer.TryComplete();
        return dispatcher.Wait(patience);
    }

    private async Task DispatchAsync()
    {
        await foreach (MptEvent happened in queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            foreach (Action<MptEvent> observer in observers)
            {
                try
                {
                    observer(happened);
                }
                catch (Exception)
                {
                    // An observer that fails is not told again; the server and the others must not suffer for it.
                    Remove(observer);
                }
            }
        }
    }

    private void Remove(Action<MptEvent> observer)
    {
        lock (changes)
        {
            observers = [.. observers.Where(other => other != observer)];
        }
    }

    private sealed class Subscription(EventHub hub, Action<MptEvent> observer) : IDisposable
    {
        public void Dispose() => hub.Remove(observer);
    }
}
