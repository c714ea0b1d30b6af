using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MptTools.Bench.Tunnel;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;
using MptTools.Lab;
using MptTools.Lab.Tests;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Bench.Control;

/// <summary>How fast commands are: the mpt program, a path's status change until the peer has it, handshakes.</summary>
internal static class ControlBenchmark
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    private const int CommandPort = 60456, Repeats = 50;

    /// <summary>A source may send 500 messages a second for long, two for each handshake: so many sources that this is no limit.</summary>
    private const int Sources = 64, FirstSource = 100;
    private const int Threads = 8;
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Count > 0)
        {
            Console.Error.WriteLine($"bench: '{arguments[0]}' is not understood; control takes no options.");
            return Program.Usage;
        }
        if ((SystemTools.WhyMissing("ip") ?? LabNetwork.WhyUnavailable()) is { } missing)
        {
            Console.Error.WriteLine($"bench: Commands cannot be measured here. {missing}");
            return Program.Failed;
        }
        using LabNetwork lab = new("control");
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        for (int i = 1; i <= 2; i++)
        {
            lab.Link(a, $"eth{i}", [$"10.1.{i}.2/24"], b, $"eth{i}", [$"10.1.{i}.3/24"]);
        }
        ConnectionFile connection = new("toB", "10.0.0.2", "10.0.0.3")
        {
            Key = Key,
            Paths = [new PathFile("eth1", "10.1.1.2", "10.1.1.3"), new PathFile("eth2", "10.1.2.2", "10.1.2.3")],
        };
        BenchServer[] servers = [Start(lab, a, 2, connection), Start(lab, b, 3, connection.Mirror("toA"))];
        foreach (BenchServer server in servers)
        {
            server.WaitUntilReady();
        }
        Report("mpt help, start to exit", "ms", [.. Enumerable.Range(0, Repeats).Select(_ => Mpt(a, "help"))]);
        Report("mpt show status, start to exit", "ms", [.. Enumerable.Range(0, Repeats).Select(_ => Mpt(a, "show", "status"))]);
        Report("a status change until the peer has it", "ms", StatusChanges(a, b));
        double perSecond = Handshakes(a);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"handshakes of one server (SHA-256, {Sources} sources at once): {perSecond:0} a second"));
        return Program.Done;
    }

    private static BenchServer Start(LabNetwork lab, LabHost host, int number, ConnectionFile connection)
    {
        ServerFiles files = lab.Own(new ServerFiles(CommandPort, new TunFile(BenchServer.FirstTunnel, $"10.0.0.{number}/24", null, "1440")));
        files.Write(connection);
        return BenchServer.Launch(host, files);
    }

    /// <summary>The whole life of a process, in milliseconds. It is started from a thread that is in the host already.</summary>
    private static double Mpt(LabHost host, params string[] words) => host.Invoke(() =>
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "mpt"), words) { RedirectStandardOutput = true };
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        long begin = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double milliseconds = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        return process.ExitCode == 0 ? milliseconds : throw new LabException($"mpt {string.Join(' ', words)} ended with {process.ExitCode}.");
    });

    private static double[] StatusChanges(LabHost a, LabHost b)
    {
        MptClient client = a.Invoke(() => MptClient.Connect(BenchServer.FirstTunnel));
        long seen = 0;
        using AutoResetEvent arrived = new(false);
        using IDisposable subscription = b.Invoke(() => MptClient.Connect(BenchServer.FirstTunnel).Subscribe(happened =>
        {
            if (happened is { Kind: MptEventKind.PathChanged, Path: 1 })
            {
                seen = Stopwatch.GetTimestamp();
                arrived.Set();
            }
        }));
        List<double> times = [];
        for (int i = 0; i < Repeats; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            a.Invoke(() => client.SetPathStatus("toB", 1, up: i % 2 == 1));
            if (!arrived.WaitOne(Patience))
            {
                throw new LabException("The peer did not hear of a status change.");
            }
            times.Add(Stopwatch.GetElapsedTime(begin, seen).TotalMilliseconds);
            // The next one would have to wait until no second answer to this one can come any more.
            Thread.Sleep(100);
        }
        return [.. times];
    }

    private static double Handshakes(LabHost a)
    {
        for (int i = 0; i < Sources; i++)
        {
            a.AddAddress("eth1", $"10.1.1.{FirstSource + i}/24");
        }
        long count = 0;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() => Interlocked.Add(ref count, a.Invoke(() => Shake(thread)))))];
        long begin = Stopwatch.GetTimestamp();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return count / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>One handshake after the other from each address of this thread in turn.</summary>
    private static long Shake(int thread)
    {
        byte[] data = new byte[PathStatusData.Length];
        new PathStatusData(Number("10.1.1.2"), Number("10.1.1.3")).Write(data);
        var server = new IPEndPoint(IPAddress.Parse("10.1.1.3"), CommandPort);
        HandshakeRequest request = new()
        {
            Peer = PeerEndpoint.Of(server),
            Kind = ControlKind.PathStatus,
            Authentication = ControlAuthentication.Sha256,
            Key = ControlHash.KeyOf(Key),
            IPVersion = 4,
            LocalTunnel = Number("10.0.0.2"),
            RemoteTunnel = Number("10.0.0.3"),
            Data = data,
        };
        Socket[] sockets = [.. Enumerable.Range(0, Sources / Threads).Select(i => Open($"10.1.1.{FirstSource + thread * (Sources / Threads) + i}"))];
        byte[] answer = new byte[ControlMessage.MaximumLength];
        long count = 0, begin = Stopwatch.GetTimestamp();
        for (int i = 0; Stopwatch.GetElapsedTime(begin) < HandshakeTime; i++)
        {
            Socket socket = sockets[i % sockets.Length];
            HandshakeRequester requester = new(request, TimeSpan.Zero);
            ReadOnlyMemory<byte> next = requester.Tick(TimeSpan.Zero);
            while (requester.Outcome is null)
            {
                socket.SendTo(next.Span, server);
                // What the limit by source drops is sent again.
                if (socket.Poll(Retry, SelectMode.SelectRead))
                {
                    int length = socket.Receive(answer);
                    ReadOnlyMemory<byte> following = requester.Receive(request.Peer, answer.AsSpan(0, length), TimeSpan.Zero).Answer;
                    next = following.IsEmpty ? next : following;
                }
                else if (Stopwatch.GetElapsedTime(begin) > HandshakeTime)
                {
                    break;
                }
            }
            count += requester.Outcome is null ? 0 : 1;
        }
        Array.ForEach(sockets, socket => socket.Dispose());
        return count;

        static Socket Open(string address)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            return socket;
        }
    }

    private static UInt128 Number(string address) => MappedAddress.ToInteger(IPAddress.Parse(address));

    private static void Report(string what, string unit, double[] values)
    {
        Array.Sort(values);
        double median = (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: median of {values.Length} {median:0.0} {unit} ({values[0]:0.0} to {values[^1]:0.0})"));
    }
}
