using System.Net;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane.Hooks;

/// <summary>
/// Asks the hooks whether the route of a path may be laid. The path stays closed while they think about it; when the answer is there,
/// its connection looks at its paths again. Used by the control thread only.
/// </summary>
internal sealed class RouteLeave(ServerContext context, PathRuntime path)
{
    /// <summary>A hook that changes links and then refuses would otherwise be asked for ever.</summary>
    internal static readonly TimeSpan NextQuestion = TimeSpan.FromSeconds(5);

    private HookFacts? asked, laid;
    private bool answered;
    private TimeSpan refusedAt;

    /// <summary>Why the route may not be laid; null: it may, or nobody knows yet.</summary>
    internal string? Refusal { get; private set; }

    /// <summary>The hooks have been asked and have not answered yet.</summary>
    internal bool IsOpen => asked is not null && !answered;

    /// <summary>Whether the route may be laid now. If not, <see cref="Refusal"/> says why, or the question is still open.</summary>
    internal bool Has(in Egress egress, IPAddress local, TimeSpan now)
    {
        HookFacts facts = FactsOf(egress, local);
        if (context.Routes.IsInstalled(egress))
        {
            Refusal = null;
            return true;
        }
        if (facts != asked || (Refusal is not null && now >= refusedAt + NextQuestion))
        {
            Ask(facts);
        }
        return answered && Refusal is null;
    }

    /// <summary>The route is there, or could not be laid.</summary>
    internal void Laid(string? failure, in Egress egress)
    {
        if (asked is { } facts)
        {
            if (failure is null)
            {
                string via = egress.Gateway is { } gateway ? $" by {gateway}" : "";
                context.Raise(
                    MptEventKind.RouteAdded, $"The route of path {path.Index} of {path.Connection.Config.Name} through {egress.Interface}{via} was added.", facts.Connection, path.Index);
            }
            context.Hooks.Made(facts, failure);
            (asked, laid) = (null, failure is null ? facts : null);
        }
    }

    /// <summary>The interface went down, and routes with it: the next one is another change.</summary>
    internal void Lost()
    {
        (asked, laid, Refusal) = (null, null, null);
    }

    /// <summary>The server has removed the route.</summary>
    internal void Gone()
    {
        if (laid is { } facts)
        {
            context.Hooks.Made(facts with { Event = HookChange.PathRouteDelete });
        }
    }

    /// <summary>What hooks are told of a path's route.</summary>
    private HookFacts FactsOf(in Egress egress, IPAddress local) => new(HookChange.PathRouteAdd)
    {
        Connection = path.Connection.Config.Name,
        Path = path.Index,
        Interface = egress.Interface,
        Address = local.ToString(),
        Gateway = egress.Gateway?.ToString(),
        Remote = path.Remote.Address.ToString(),
        Destination = "default",
    };

    private void Ask(HookFacts facts)
    {
        (asked, answered, Refusal) = (facts, false, null);
        bool inPlace = true;
        context.Hooks.Begin(facts, refusal =>
        {
            if (!ReferenceEquals(facts, asked))
            {
                // Another question has been asked meanwhile, or none is any more.
                return;
            }
            (answered, Refusal, refusedAt) = (true, refusal, context.Forwarder.Now);
            if (!inPlace)
            {
                context.LookAgain?.Invoke(path.Connection);
            }
        });
        inPlace = false;
    }
}
