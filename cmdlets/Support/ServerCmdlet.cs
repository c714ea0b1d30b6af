using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that talks to one running server, in this process or another, through its control socket.</summary>
public abstract class ServerCmdlet : LinuxCmdlet
{
    private readonly Dictionary<string, MptClient> clients = new(StringComparer.Ordinal);

    /// <summary>The server: the name of its first tunnel. May be left out where only one server runs.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [ValidateNotNullOrEmpty]
    public virtual string? Server { get; set; }

    /// <summary>Does something with the server; what the server refuses becomes an error of this record, and the next one goes on.</summary>
    private protected void WithServer(object? target, Action<MptClient> action)
    {
        try
        {
            action(Client());
        }
        catch (MptCommandException e)
        {
            WriteError(MptErrors.Record(e, target ?? Server));
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }

    private MptClient Client()
    {
        string key = Server ?? "";
        if (!clients.TryGetValue(key, out MptClient? client))
        {
            client = MptClient.Connect(Server, cancellation: Stopped);
            clients.Add(key, client);
        }
        return client;
    }
}
