using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that does something with whole servers, of this process or another, chosen by their names.</summary>
public abstract class ServersCmdlet : LinuxCmdlet
{
    /// <summary>Names of servers (their first tunnels), wildcards allowed. May be left out where only one runs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Server { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Server is null)
        {
            With(null);
            return;
        }
        var patterns = new NamePatterns(Server);
        IReadOnlyList<string> running = MptClient.ListServers();
        foreach (string name in running.Where(patterns.Match).Concat(patterns.Missing(running)))
        {
            With(name);
        }
    }

    /// <summary>Does it with one of them. What the server refuses becomes an error of its own.</summary>
    private protected abstract void Process(MptClient client);

    /// <summary>The job of a server in this process, of this session.</summary>
    private protected MptServerJob? JobOf(MptClient client) => client.ProcessId == Environment.ProcessId
        ? JobRepository.Jobs.OfType<MptServerJob>().FirstOrDefault(job => job.Server == client.Name && !job.HasFinished)
        : null;

    /// <summary>Stops a server and returns when nothing of it is left, and its job has its last state.</summary>
    private protected void Stop(MptClient client, MptServerJob? job, string activity)
    {
        Await(client.StopAsync(Stopped), activity, $"Waiting until nothing of server {client.Name} is left");
        if (job is not null)
        {
            WaitHandle.WaitAny([job.Finished, Stopped.WaitHandle]);
            Stopped.ThrowIfCancellationRequested();
        }
    }

    private void With(string? name)
    {
        try
        {
            Process(MptClient.Connect(name, cancellation: Stopped));
        }
        catch (MptCommandException e)
        {
            WriteError(MptErrors.Record(e, name));
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }
}
