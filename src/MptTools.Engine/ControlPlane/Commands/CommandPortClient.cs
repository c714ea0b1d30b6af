using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>Speaks to a server on this host by its UDP command port: that is how existing servers take commands.</summary>
internal static class CommandPortClient
{
    /// <summary>Sends a command and waits for the whole answer.</summary>
    /// <param name="words">The command's words.</param>
    /// <param name="port">Null: that of the configuration on this host, or 60456.</param>
    /// <returns>Null where nobody has the port.</returns>
    internal static MptCommandResult? TryExecute(string[] words, int? port, bool useIPv6, CancellationToken cancellation = default)
    {
        GeneralConfig general = ConfigLoader.LoadGeneral(ConfigDirectory.Default(Environment.CurrentDirectory)) ?? new GeneralConfig();
        return TryExecute(words, new IPEndPoint(useIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, port ?? general.CommandPort), general.CommandTimeout,
            cancellation);
    }

    internal static MptCommandResult? TryExecute(string[] words, IPEndPoint server, TimeSpan timeout, CancellationToken cancellation = default)
    {
        string text = string.Join(' ', words);
        if (System.Text.Encoding.UTF8.GetByteCount(text) > LocalCommand.MaximumRequestText)
        {
            return new(MptCommandLine.Failed, "", $"The command is longer than the {LocalCommand.MaximumRequestText} bytes that go to a command port; give it in parts.", MptErrorKind.BadRequest);
        }
        var clock = Stopwatch.StartNew();
        using Socket socket = new(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var answer = new LocalCommandAnswer();
        try
        {
            // Connected: answers of others are not taken, and the kernel says when nobody has the port.
            socket.Connect(server);
            using CancellationTokenRegistration wake = ControlChannel.WakeOnCancel(socket, cancellation);
            socket.Send(LocalCommand.WriteRequest(text));
            byte[] datagram = new byte[ushort.MaxValue];
            while (!answer.IsComplete)
            {
                socket.ReceiveTimeout = Math.Max(1, (int)(timeout - clock.Elapsed).TotalMilliseconds);
                int length = socket.Receive(datagram);
                cancellation.ThrowIfCancellationRequested();
                if (answer.Add(datagram.AsSpan(0, length)) != LocalCommandError.None)
                {
                    return NoAnswer($"The server at UDP port {server.Port} answers in a way this program does not understand.", MptErrorKind.Internal);
                }
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.NetworkUnreachable)
        {
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            return NoAnswer($"The server at UDP port {server.Port} did not answer within {timeout.TotalSeconds:0.###} s.", MptErrorKind.TimedOut);
        }
        string output = $"{CommandAnswer.Head(server.Port, timeout.TotalSeconds)}{answer.Text}\n";
        return answer.IsDone ? new(MptCommandLine.Done, output) : new(MptCommandLine.Failed, output, ReasonIn(answer.Text, MptSyntax.Shown(words)), MptErrorKind.Failed);
    }

    /// <summary>Servers of ours say why behind the command; existing ones do not say.</summary>
    private static string ReasonIn(string answer, string command)
    {
        string[] lines = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length > 1 ? string.Join('\n', lines[1..]) : $"The server refused '{command}' without a reason.";
    }

    private static MptCommandResult NoAnswer(string why, MptErrorKind kind) => new(MptCommandLine.Failed, "", why, kind);
}
