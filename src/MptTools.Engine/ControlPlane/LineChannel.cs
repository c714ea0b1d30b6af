using System.Net.Sockets;

namespace MptTools.Engine.ControlPlane;

/// <summary>A line was longer than the reader takes.</summary>
internal sealed class LineTooLongException(int limit) : IOException($"A line is longer than {limit} bytes.");

/// <summary>
/// Lines of bytes over a stream socket. What the other side sends without a line's end is kept up to a limit, so that
/// nobody can make this side hold more. Not for several readers at once.
/// </summary>
internal sealed class LineChannel(Socket socket, int lineLimit)
{
    private const byte LineFeed = (byte)'\n';

    private byte[] buffer = new byte[Math.Min(lineLimit + 1, 4096)];
    private int start;
    private int searched;
    private int end;

    /// <summary>The next line without its end, valid until the next call; null when the other side has closed.</summary>
    /// <exception cref="LineTooLongException">The line passes the limit.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> line;
        while (!TryTake(out line))
        {
            int received = await socket.ReceiveAsync(FreeSpace(), cancellation).ConfigureAwait(false);
            if (received == 0)
            {
                return null;
            }
            end += received;
        }
        return line;
    }

    /// <summary>The same on this thread, within the socket's receive timeout for each piece.</summary>
    internal ReadOnlyMemory<byte>? Read()
    {
        ReadOnlyMemory<byte> line;
        while (!TryTake(out line))
        {
            int received = socket.Receive(FreeSpace().Span);
            if (received == 0)
            {
                return null;
            }
            end += received;
        }
        return line;
    }

    private bool TryTake(out ReadOnlyMemory<byte> line)
    {
        int length = buffer.AsSpan(searched, end - searched).IndexOf(LineFeed);
        if (length < 0)
        {
            searched = end;
            if (end - start > lineLimit)
            {
                throw new LineTooLongException(lineLimit);
            }
            line = default;
            return false;
        }
        int lineEnd = searched + length;
        line = buffer.AsMemory(start, lineEnd - start);
        start = searched = lineEnd + 1;
        return line.Length <= lineLimit ? true : throw new LineTooLongException(lineLimit);
    }

    private Memory<byte> FreeSpace()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            searched -= start;
            start = 0;
        }
        if (end == buffer.Length)
        {
            Array.Resize(ref buffer, Math.Min(buffer.Length * 2, lineLimit + 1));
        }
        return buffer.AsMemory(end);
    }
}
