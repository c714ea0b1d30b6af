using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;

namespace MptTools.Engine.ControlPlane;

/// <summary>The server's side of one connection on the control socket: requests in, answers out, until either side closes.</summary>
internal sealed class ControlConversation(Socket client, IServerControl server, ControlSocketOptions options) : IDisposable
{
    private readonly LineChannel lines = new(client, options.RequestLimit);

    /// <summary>Closes the connection; what waits in <see cref="RunAsync"/> ends.</summary>
    public void Dispose() => client.Dispose();

    /// <summary>Tells a client that it is not served, and closes.</summary>
    internal void Refuse(MptErrorKind kind, string message)
    {
        try
        {
            // A new socket's send buffer takes one sentence at once, whether the client reads or not.
            client.Blocking = false;
            client.Send(Encode(Failure(kind, message)));
        }
        catch (SocketException)
        {
            // The client left first; there is nobody to tell.
            return;
        }
        finally
        {
            client.Dispose();
        }
    }

    /// <summary>Answers requests until the client closes, keeps the server waiting, or <paramref name="stopping"/> fires.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (await ReadLineAsync(stopping).ConfigureAwait(false) is { } line)
            {
                await HandleAsync(line, stopping).ConfigureAwait(false);
            }
        }
        catch (LineTooLongException e)
        {
            Refuse(MptErrorKind.BadRequest, e.Message);
        }
        catch (Exception e) when (IsEndOfConversation(e))
        {
            // The client has gone or was too slow, or the server stops: this conversation ends, and nothing else does.
            return;
        }
    }

    private static bool IsEndOfConversation(Exception e) =>
        e is SocketException or OperationCanceledException or ObjectDisposedException;

    private async Task<ReadOnlyMemory<byte>?> ReadLineAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(options.RequestTime, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        return await lines.ReadAsync(either.Token).ConfigureAwait(false);
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> line, CancellationToken stopping)
    {
        ControlRequest? request = null;
        string fault = "The request is empty.";
        try
        {
            request = JsonSerializer.Deserialize(line.Span, ControlJson.Default.ControlRequest);
        }
        catch (JsonException e)
        {
            fault = $"The request is not understood: {e.Message}";
        }
        if (request is null)
        {
            await SendAsync(Failure(MptErrorKind.BadRequest, fault)).ConfigureAwait(false);
            return;
        }
        ControlAnswer failure;
        try
        {
            await CarryOutAsync(request, stopping).ConfigureAwait(false);
            return;
        }
        catch (MptCommandException e)
        {
            failure = Failure(e.Kind, e.Message);
        }
        catch (Exception e) when (!IsEndOfConversation(e))
        {
            // A defect in one command must cost its client an answer, not everybody the server.
            failure = Failure(MptErrorKind.Internal,
                $"The server failed at '{request.Request}' ({e.GetType().Name}): {e.Message}");
        }
        await SendAsync(failure).ConfigureAwait(false);
    }

    private async Task CarryOutAsync(ControlRequest request, CancellationToken stopping)
    {
        switch (request.Request)
        {
            case ControlRequest.Stop:
                server.RequestStop();
                await SendAsync(new ControlAnswer()).ConfigureAwait(false);
                // The end of this connection tells the client that the server has stopped.
                await UntilClosedAsync(stopping).ConfigureAwait(false);
                break;
            case ControlRequest.Subscribe:
                await SendEventsAsync(stopping).ConfigureAwait(false);
                break;
            default:
                await SendAsync(await ControlDispatch.AnswerAsync(request, server).ConfigureAwait(false)).ConfigureAwait(false);
                break;
        }
    }

    private async Task SendEventsAsync(CancellationToken stopping)
    {
        var waiting = Channel.CreateBounded<MptEvent>(options.EventLimit);
        using IDisposable subscription = server.Subscribe(change =>
        {
            if (!waiting.Writer.TryWrite(change))
            {
                waiting.Writer.TryComplete(new MptCommandException(
                    $"More than {options.EventLimit} events were waiting to be read; the subscription has ended.")
                { Kind = MptErrorKind.Busy });
            }
        });
        await SendAsync(new ControlAnswer()).ConfigureAwait(false);

        // When the server stops, what it has said until then still goes out.
        using CancellationTokenRegistration stop = stopping.Register(() => waiting.Writer.TryComplete());
        Task closed = UntilClosedAsync(stopping);
        _ = closed.ContinueWith(_ => waiting.Writer.TryComplete(), TaskScheduler.Default);
        try
        {
            await foreach (MptEvent change in waiting.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                await SendAsync(new ControlAnswer { Event = change }).ConfigureAwait(false);
            }
        }
        catch (MptCommandException e)
        {
            await SendAsync(Failure(e.Kind, e.Message)).ConfigureAwait(false);
        }
        finally
        {
            client.Dispose();
            await closed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends when the client closes its side; what it sends meanwhile is not looked at.</summary>
    private async Task UntilClosedAsync(CancellationToken stopping)
    {
        byte[] ignored = new byte[256];
        while (await client.ReceiveAsync(ignored, stopping).ConfigureAwait(false) > 0)
        {
        }
    }

    private async Task SendAsync(ControlAnswer answer)
    {
        using var limit = new CancellationTokenSource(options.SendTime, options.Time);
        ReadOnlyMemory<byte> rest = Encode(answer);
        while (!rest.IsEmpty)
        {
            rest = rest[await client.SendAsync(rest, limit.Token).ConfigureAwait(false)..];
        }
    }

    private static ControlAnswer Failure(MptErrorKind kind, string message) => new() { Error = message, Kind = kind };

    private static byte[] Encode(ControlAnswer answer) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(answer, ControlJson.Default.ControlAnswer), (byte)'\n'];
}
