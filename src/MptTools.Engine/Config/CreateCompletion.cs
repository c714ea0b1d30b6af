namespace MptTools.Engine.Config;

/// <summary>The requester's side of a create: the responder's answer completes the connection.</summary>
internal static class CreateCompletion
{
    /// <summary>
    /// Completes the requester's own connection. It keeps its file, its networks and whatever the responder took from it;
    /// its times become whole seconds, as the responder has got them.
    /// </summary>
    /// <param name="own">The connection whose text was sent.</param>
    /// <param name="answer">The answer, read.</param>
    /// <param name="key">The key to go on with.</param>
    /// <returns>The connection, or null and the reason in whole sentences.</returns>
    public static (ConnectionConfig? Connection, string Reason) Complete(ConnectionConfig own, CreateOffer answer, KeyAfterCreate key)
    {
        if (answer.IPVersion != own.IPVersion)
        {
            return (null, $"The peer answered with an IPv{answer.IPVersion} tunnel, but ip_ver of {own.File} is {own.IPVersion}. Change one of them.");
        }

        int count = Math.Min(own.Paths.Count, answer.Paths.Count);
        for (int index = 0; index < count; index++)
        {
            if (answer.Paths[index].IPVersion != own.Paths[index].IPVersion)
            {
                return (null, $"[path_{index}] of the peer is IPv{answer.Paths[index].IPVersion}, and that of {own.File} is IPv{own.Paths[index].IPVersion}. Put the paths into the same order at both ends.");
            }
        }

        ConnectionConfig completed = own with
        {
            RemoteAddress = answer.LocalAddress,
            RemotePort = answer.LocalPort,
            RemoteCommandPort = answer.LocalCommandPort,
            ReorderWindow = Math.Max(own.ReorderWindow, answer.ReorderWindow),
            AuthenticationKey = CreateMerge.KeyFor(own.AuthenticationType, own.AuthenticationKey, key),
            Paths = [.. own.Paths.Zip(answer.Paths, Complete)],
            Rules = RulePaths.OfFirst(count, own.Rules),
        };
        ConfigWriteResult file = ConnectionWriter.Create(own.File, completed);
        return file.Content is not null
            ? (completed, "")
            : (null, $"With the peer's answer the connection would have a fault: {file.Reason}");
    }

    private static PathConfig Complete(PathConfig path, CreatePathOffer answer)
    {
        (long keepalive, long dead) = CreateText.WholeSeconds(path);
        return path with
        {
            RemoteAddress = answer.PublicAddress ?? path.RemoteAddress,
            KeepaliveTime = TimeSpan.FromSeconds(keepalive),
            DeadTime = TimeSpan.FromSeconds(dead),
        };
    }
}
