using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Asks a STUN server which address the paths have behind their NATs, where the files leave <c>public_ipaddr</c> to be found. It asks from a path's
/// own address and data port, so that the answer is about the mapping that the peer sees. Used by the control thread only.
/// </summary>
/// <param name="server">The server as the configuration names it now; null: none.</param>
internal sealed class PublicAddressFinder(ServerContext context, ConnectionSet connections, Func<StunServer?> server, ControlLoop loop) : IDisposable
{
    /// <summary>An address that was found is asked for again so often: a NAT does not say when it has got another one.</summary>
    internal static readonly TimeSpan Refresh = TimeSpan.FromMinutes(5);

    /// <summary>A server that cannot be found, or does not answer, is asked again after this time.</summary>
    internal static readonly TimeSpan Retry = TimeSpan.FromMinutes(1);

    private const int LongestAnswer = 1500;

    private readonly Dictionary<PathController, Search> searches = [];
    private readonly byte[] answer = new byte[LongestAnswer];
    private StunServer? current;
    private IPAddress[] addresses = [];
    private TimeSpan resolveAt;
    private bool resolving, warnedOfName;

    /// <summary>When <see cref="Tick"/> has something to do; null: never.</summary>
    internal TimeSpan? NextTick
    {
        get
        {
            TimeSpan? earliest = searches.Count > 0 && !resolving ? resolveAt : null;
            foreach (Search search in searches.Values)
            {
                TimeSpan? due = search.Query is { } query ? query.NextTick : CanAsk(search) ? search.AskAt : null;
                earliest = due < earliest || earliest is null ? due : earliest;
            }
            return earliest;
        }
    }

    /// <summary>Follows the paths and lets time pass.</summary>
    internal void Tick(TimeSpan now)
    {
        StunServer? wanted = server();
        if (wanted != current)
        {
            (current, addresses, resolveAt, warnedOfName) = (wanted, [], now, false);
            Clear();
            context.WaysChanged = true;
        }
        if (context.WaysChanged)
        {
            context.WaysChanged = false;
            FollowPaths(now);
        }
        if (searches.Count == 0)
        {
            return;
        }
        if (now >= resolveAt && !resolving)
        {
            Resolve();
        }
        foreach ((PathController path, Search search) in searches)
        {
            if (search.Query is null && now >= search.AskAt && CanAsk(search))
            {
                Ask(path, search, now);
            }
            if (search.Query is not { } query)
            {
                continue;
            }
            ReadOnlySpan<byte> request = query.Tick(now);
            if (!request.IsEmpty)
            {
                // A request that cannot be sent is one that is not answered.
                _ = search.Socket!.Send(request);
            }
            if (query.Failure is { } failure)
            {
                End(search, now + Retry);
                Warn(path, search, $"STUN server {current} {failure}");
            }
        }
    }

    /// <summary>Asks nobody any more.</summary>
    public void Dispose() => Clear();

    private void FollowPaths(TimeSpan now)
    {
        HashSet<PathController> wanted = current is null ? [] : [.. connections.Running.SelectMany(connection => connection.Paths)
            .Where(path => path.Config.PublicAddress is null && path.Way is not null)];
        foreach ((PathController path, Search search) in searches.Where(item => !wanted.Contains(item.Key) || item.Key.Way != item.Value.Way).ToArray())
        {
            End(search, now);
            searches.Remove(path);
            path.SeenByStun = null;
        }
        foreach (PathController path in wanted)
        {
            searches.TryAdd(path, new Search(path.Way!.Value) { AskAt = now });
        }
    }

    private bool CanAsk(Search search) => AddressFor(search) is not null;

    private IPAddress? AddressFor(Search search) =>
        Array.Find(addresses, address => address.AddressFamily == AddressFamily.InterNetwork == MappedAddress.IsIPv4(search.Way.Source));

    private void Ask(PathController path, Search search, TimeSpan now)
    {
        DatagramWay way = search.Way;
        var local = new IPEndPoint(MappedAddress.ToIPAddress(way.Source), path.Runtime.Connection.Config.LocalPort);
        try
        {
            // Beside the path's own sockets, and connected: it gets the server's answers, and they get none of them.
            search.Socket = UdpSocket.Bind(local, (uint)way.Interface, way.Mark, share: true, Offloads.None);
            search.Socket.Connect(new IPEndPoint(AddressFor(search)!, current!.Port), (uint)way.Interface);
        }
        catch (SystemCallException e)
        {
            End(search, now + Retry);
            Warn(path, search, $"STUN server {current} cannot be asked ({e.Message})");
            return;
        }
        search.Query = new StunQuery(RandomNumberGenerator.GetBytes(Stun.TransactionLength), now);
        loop.Watch(search.Socket.Descriptor, () => Receive(path, search));
    }

    private void Receive(PathController path, Search search)
    {
        while (search.Query is { } query && search.Socket!.Receive(answer) is var length and >= 0)
        {
            query.Receive(answer.AsSpan(0, length));
            if (query.Seen is { } seen)
            {
                End(search, context.Forwarder.Now + Refresh);
                search.IsWarned = false;
                path.FoundByStun(seen);
            }
        }
    }

    private void End(Search search, TimeSpan askAt)
    {
        search.AskAt = askAt;
        search.Query = null;
        if (search.Socket is { } socket)
        {
            loop.Unwatch(socket.Descriptor);
            socket.Dispose();
            search.Socket = null;
        }
    }

    private void Clear()
    {
        foreach ((PathController path, Search search) in searches)
        {
            End(search, default);
            path.SeenByStun = null;
        }
        searches.Clear();
    }

    /// <summary>Names are looked up elsewhere: it may take long, and nobody should wait for it.</summary>
    private void Resolve()
    {
        StunServer asked = current!;
        resolving = true;
        _ = Task.Run(async () =>
        {
            IPAddress[] found = [];
            string failure = "it has no address";
            try
            {
                found = await Dns.GetHostAddressesAsync(asked.Host).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                failure = e.Message;
            }
            loop.Post(() => Resolved(asked, found, failure));
        });
    }

    private void Resolved(StunServer asked, IPAddress[] found, string failure)
    {
        resolving = false;
        if (asked != current)
        {
            return;
        }
        bool isFound = found.Length > 0;
        resolveAt = context.Forwarder.Now + (isFound ? Refresh : Retry);
        if (isFound)
        {
            (addresses, warnedOfName) = (found, false);
        }
        else if (!warnedOfName)
        {
            warnedOfName = true;
            context.Warn($"STUN server {current} cannot be found: {failure}. Paths with public_ipaddr = 0.0.0.0 take their address from what their peers see. Check stun_server in interface.conf and the host's name service.");
        }
    }

    private void Warn(PathController path, Search search, string what)
    {
        if (!search.IsWarned)
        {
            search.IsWarned = true;
            ConnectionConfig connection = path.Runtime.Connection.Config;
            context.Warn($"{what}, so path {path.Config.Index} of {connection.Name} takes its public address from what its peer sees. Check stun_server in interface.conf, and that it can be reached by {path.Config.Interface}.", connection.Name, path.Config.Index);
        }
    }

    /// <summary>What is asked for one path.</summary>
    private sealed class Search(DatagramWay way)
    {
        internal DatagramWay Way { get; } = way;
        internal UdpSocket? Socket { get; set; }
        internal StunQuery? Query { get; set; }
        internal TimeSpan AskAt { get; set; }
        internal bool IsWarned { get; set; }
    }
}
