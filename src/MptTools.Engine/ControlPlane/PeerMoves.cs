using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Which path a keepalive belongs to that came from another place than the path's peer is known to be, and whether it proves
/// that the peer is there now (docs/wire-extension.md). Only for keepalives that are authenticated and believed.
/// </summary>
internal static class PeerMoves
{
    /// <summary>
    /// The path, among those with the address that the keepalive arrived at: by the number that the peer knows it by, or by the
    /// peer's own number. A peer that nothing is known of yet has the only path it can have, or that of the same number.
    /// </summary>
    /// <returns>Null: that cannot be told.</returns>
    internal static PathController? FindPath(IReadOnlyList<PathController> paths, ReceiveSource arrivedAt, in KeepaliveExtension extension, ulong instance)
    {
        if (extension.Path is not { } said)
        {
            return null;
        }
        List<PathController> here = [.. paths.Where(path => path.Runtime.Listener == arrivedAt && path.Monitor.IsUsable)];
        // What it knows of an earlier run of this end does not count.
        if (said.Receiver is { } number && extension.PeerInstance == instance)
        {
            return here.Find(path => path.Runtime.Index == number && (path.PeerNumber ?? said.Sender) == said.Sender);
        }
        if (here.Find(path => path.PeerNumber == said.Sender) is { } known)
        {
            return known;
        }
        here.RemoveAll(path => path.PeerNumber is not null);
        return here.Count == 1 ? here[0] : here.Find(path => path.Runtime.Index == said.Sender);
    }

    /// <summary>
    /// The keepalive was made for this run of this end, at the place it came from, after all that came by the path before: the
    /// peer has been told of that place by us and says so. Whoever repeats one from elsewhere cannot make it say that.
    /// </summary>
    internal static bool IsProof(PathController path, in KeepaliveExtension extension, ObservedEndpoint from, ulong instance, ulong? peerInstance) =>
        extension.PeerInstance == instance && extension.Source == from && IsNewest(path, extension, peerInstance);

    /// <summary>No later keepalive of the peer has come by the path before.</summary>
    internal static bool IsNewest(PathController path, in KeepaliveExtension extension, ulong? peerInstance) =>
        extension.Instance is not { } theirs || theirs.Id != peerInstance || theirs.Counter > path.NewestCounter;
}
