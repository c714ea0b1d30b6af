using System.Collections.Concurrent;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane.Hooks;

/// <summary>
/// Starts programs in the server's network namespace, whoever asks. A child process is born into the namespace of the thread that
/// starts it, and threads of the pool or of a command's caller may be in another: this one was made by the server's own.
/// </summary>
internal sealed class HookSpawner : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly BlockingCollection<Action> requests = [];

    internal HookSpawner(string name) =>
        new Thread(Run, StackBytes) { Name = $"{name} hooks", IsBackground = true }.Start();

    /// <summary>As <see cref="ChildProcess.Start"/>.</summary>
    /// <exception cref="SystemCallException">The kernel cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The server is gone.</exception>
    internal ChildProcess Start(string file, string name, IReadOnlyList<string> environment)
    {
        TaskCompletionSource<ChildProcess> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        requests.Add(() =>
        {
            try
            {
                started.SetResult(ChildProcess.Start(file, name, environment));
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    public void Dispose() => requests.CompleteAdding();

    private void Run()
    {
        foreach (Action request in requests.GetConsumingEnumerable())
        {
            request();
        }
    }
}
