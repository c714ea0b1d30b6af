using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>Keepalives with and without the extension, at the parser and at a running connection with a key.</summary>
internal sealed unsafe class KeepaliveFuzz : FuzzPart, IDisposable
{
    private const string KeyText = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF";

    private static readonly byte[] Key = Encoding.ASCII.GetBytes(KeyText), OtherKey = [.. Key.Reverse()];

    private readonly GuardedMemory memory;
    private readonly ControllerBench bench;
    private readonly List<byte[]> recent = [];
    private readonly HashSet<string> authentic = [];
    private ulong instance = 1, counter;

    internal KeepaliveFuzz(int seed, GuardedMemory memory) : base("keepalives", seed)
    {
        this.memory = memory;
        bench = new ControllerBench(Configs.Connection(Configs.Path(0), Configs.Path(1)) with
        {
            ReorderWindow = 100,
            AuthenticationType = AuthenticationType.Sha256,
            AuthenticationKey = KeyText,
        });
    }

    public void Dispose() => bench.Dispose();

    protected override string Take()
    {
        if (Random.Next(50) == 0)
        {
            bench.PassTo(bench.Now + Random.Next(1, 1500));
        }
        byte[] body = Next();
        ReadOnlySpan<byte> placed = new(memory.Place((int)(Messages % 2), body), body.Length);
        KeepaliveStatus status = Keepalive.TryParse(placed, Key, out _);
        Check(status != KeepaliveStatus.Extended || authentic.Contains(Convert.ToHexString(body)), "only what was written with the key is taken for authentic");
        if (body.Length > Keepalive.MaximumBodyLength)
        {
            return $"parsed only, too long: {status}";
        }
        bool isKnown = bench.Controller.Peer == PeerKind.MptTools;
        (uint, ObservedEndpoint?, ObservedEndpoint?) before = State();
        long drops = Drops();
        // What is no keepalive never gets this far.
        if (status == KeepaliveStatus.NotKeepalive)
        {
            return "refused: NotKeepalive";
        }
        bench.Hear(Random.Next(2), body, Random.Next(3) == 0 ? Random.Next(1, 65536) : null);
        bool isRefused = Drops() > drops;
        if (isKnown && status != KeepaliveStatus.Extended)
        {
            Check(isRefused && State() == before && bench.Controller.Peer == PeerKind.MptTools, "a peer that has shown its key is not replaced by one that has not");
        }
        return isRefused ? $"refused: {status}" : $"executed: {status}";
    }

    private (uint, ObservedEndpoint?, ObservedEndpoint?) State() =>
        (bench.Runtime.UpPaths, bench.Controller.Paths[0].PeerSeenAt, bench.Controller.Paths[1].PeerSeenAt);

    private long Drops() => bench.Controller.Paths.Sum(path =>
        path.ControlDrops[DropReason.KeepaliveUnauthenticated] + path.ControlDrops[DropReason.KeepaliveInvalid]);

    private byte[] Next()
    {
        switch (Random.Next(7))
        {
            case 0:
                byte[] bytes = RandomBytes(Keepalive.MaximumBodyLength + 20);
                if (bytes.Length > 0)
                {
                    bytes[0] = Keepalive.Type;
                }
                return bytes;
            case 1:
                return Damage(bench.Body(null, []));
            case 2 when recent.Count > 0:
                return recent[Random.Next(recent.Count)];
            case 3:
                return Damage(bench.Body(Extension(), OtherKey));
            case 4:
                return Damage(Authentic());
            default:
                return Authentic();
        }
    }

    private byte[] Authentic()
    {
        if (Random.Next(1000) == 0)
        {
            (instance, counter) = (instance + 1, 0);
        }
        byte[] body = bench.Body(Extension(), Key);
        if (recent.Count >= 2000)
        {
            recent.Clear();
            authentic.Clear();
        }
        authentic.Add(Convert.ToHexString(body));
        recent.Add(body);
        return body;
    }

    private KeepaliveExtension Extension() => new()
    {
        Capabilities = Random.Next(3) == 0 ? null : (PeerCapabilities)Random.Next(),
        NextSequence = Random.Next(3) == 0 ? null : (uint)Random.Next(),
        Instance = Random.Next(20) == 0 ? null : new KeepaliveInstance(instance, ++counter),
        PeerInstance = Random.Next(2) == 0 ? null : (ulong)Random.NextInt64(),
    };
}
