namespace MptTools.Engine.Wire;

/// <summary>The payload of a create: a connection's configuration as text.</summary>
internal static class CreatePayload
{
    /// <summary>Bytes at the start that the reader skips; they belong to a comment line of semicolons.</summary>
    internal const int SkippedLength = 4;

    private const int CommentStart = SkippedLength + 1;

    /// <summary>The text that counts; empty where there is none.</summary>
    internal static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> payload) =>
        payload.Length < SkippedLength ? default : payload[SkippedLength..];

    /// <summary>
    /// Makes a text short enough to be answered. Existing servers always leave off its last bytes, as many as there are
    /// of authentication data; so does this, but never more than closing comment and blank lines. Their requester cannot
    /// take an answer longer than its own request: a text still too long loses what carries no meaning.
    /// </summary>
    /// <param name="text">The whole text, lines ending in "\n".</param>
    /// <param name="cut">Bytes to leave off at the end.</param>
    /// <param name="room">Most bytes the result may have.</param>
    /// <param name="fitted">The result; empty with false.</param>
    /// <returns>False where the text has more meaning than <paramref name="room"/> takes.</returns>
    internal static bool TryFit(ReadOnlySpan<byte> text, int cut, int room, out ReadOnlySpan<byte> fitted)
    {
        int length = Math.Min(text.Length - cut, room);
        fitted = length >= MeaningEnd(text) ? text[..length]
            : text.Length <= room ? text
            : Compact(text);
        if (fitted.Length > room)
        {
            fitted = default;
            return false;
        }
        return true;
    }

    /// <summary>Where the last line that is neither blank nor a comment ends.</summary>
    private static int MeaningEnd(ReadOnlySpan<byte> text)
    {
        int end = 0;
        foreach (Range line in text.Split((byte)'\n'))
        {
            if (HasMeaning(text[line]))
            {
                end = Math.Min(line.End.Value + 1, text.Length);
            }
        }
        return end;
    }

    private static ReadOnlySpan<byte> Compact(ReadOnlySpan<byte> text)
    {
        byte[] result = new byte[text.Length + 1];
        int length = 0;
        bool isFirst = true;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (isFirst)
            {
                // The reader skips into this line, so of its semicolons one more than that must stay.
                Append(line.IndexOfAnyExcept((byte)';') is >= CommentStart ? line[..CommentStart] : line);
                isFirst = false;
            }
            else if (HasMeaning(line))
            {
                int equals = line.IndexOf((byte)'=');
                if (equals >= 0)
                {
                    line[..equals].Trim(" \t\r"u8).CopyTo(result.AsSpan(length));
                    length += line[..equals].Trim(" \t\r"u8).Length;
                    result[length++] = (byte)'=';
                }
                Append(line[(equals + 1)..].Trim(" \t\r"u8));
            }

            void Append(ReadOnlySpan<byte> part)
            {
                part.CopyTo(result.AsSpan(length));
                length += part.Length;
                result[length++] = (byte)'\n';
            }
        }
        return result.AsSpan(0, length);
    }

    private static bool HasMeaning(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> trimmed = line.TrimStart(" \t\r"u8);
        return !trimmed.IsEmpty && trimmed[0] is not ((byte)';' or (byte)'#');
    }
}
