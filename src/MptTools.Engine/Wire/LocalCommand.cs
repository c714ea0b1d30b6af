using System.Text;
using System.Text.Unicode;

namespace MptTools.Engine.Wire;

/// <summary>What is wrong with a datagram that should be a command of the <c>mpt</c> client, or an answer to one.</summary>
internal enum LocalCommandError
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Another kind of message.</summary>
    NotCommand,
    /// <summary>It ends inside its first four bytes, or there is no text.</summary>
    TooShort,
    /// <summary>The second, third or fourth byte is not zero.</summary>
    Reserved,
    /// <summary>The text is longer than any command.</summary>
    TooLong,
    /// <summary>No zero byte ends the text, or something follows it.</summary>
    NotTerminated,
    /// <summary>The text is not UTF-8, or has control characters.</summary>
    BadCharacter,
}

/// <summary>
/// Commands of the <c>mpt</c> client over the loopback interface: a request is a type, three zero bytes, the command as text
/// and a zero byte; the answer is text in one or more datagrams without that zero byte, and a last one without text.
/// </summary>
internal static class LocalCommand
{
    /// <summary>The first byte of a request and of an answer that carries text.</summary>
    internal const byte TextType = 0xA4;
    /// <summary>The first byte of the datagram that ends an answer.</summary>
    internal const byte FinalType = 0xA5;
    /// <summary>What the text of an answer begins with.</summary>
    internal const string DonePrefix = "CMD_OK:", ErrorPrefix = "CMD-ERROR:";
    /// <summary>Longest text of a request in bytes.</summary>
    internal const int MaximumRequestText = 1024;
    /// <summary>Longest datagram of an answer in bytes: the longest one existing servers were seen to send, for which
    /// their client has room.</summary>
    internal const int MaximumAnswerLength = 1594;

    internal const int HeaderLength = 4;

    /// <summary>Reads a request.</summary>
    /// <param name="datagram">The UDP payload.</param>
    /// <param name="command">The command; empty with an error.</param>
    internal static LocalCommandError TryReadRequest(ReadOnlySpan<byte> datagram, out string command)
    {
        command = "";
        LocalCommandError error = CheckHeader(datagram, TextType);
        if (error != LocalCommandError.None)
        {
            return error;
        }
        ReadOnlySpan<byte> text = datagram[HeaderLength..];
        if (text.Length > MaximumRequestText + 1)
        {
            return LocalCommandError.TooLong;
        }
        if (text.IsEmpty || text[0] == 0)
        {
            return LocalCommandError.TooShort;
        }
        if (text.IndexOf((byte)0) != text.Length - 1)
        {
            return LocalCommandError.NotTerminated;
        }
        text = text[..^1];
        if (!Utf8.IsValid(text) || Encoding.UTF8.GetString(text) is not { } decoded || decoded.Any(char.IsControl))
        {
            return LocalCommandError.BadCharacter;
        }
        command = decoded;
        return LocalCommandError.None;
    }

    /// <summary>Writes a request.</summary>
    /// <param name="command">The words of the command with blanks between, at most <see cref="MaximumRequestText"/> bytes.</param>
    internal static byte[] WriteRequest(string command)
    {
        byte[] datagram = new byte[HeaderLength + Encoding.UTF8.GetByteCount(command) + 1];
        datagram[0] = TextType;
        Encoding.UTF8.GetBytes(command, datagram.AsSpan(HeaderLength));
        return datagram;
    }

    /// <summary>Writes an answer: the datagrams in the order they are to be sent, each as long as the next whole lines allow.</summary>
    /// <param name="done">Whether the command was carried out.</param>
    /// <param name="text">The command itself, or what it gave; the text of <c>show status</c> begins with an empty line.</param>
    internal static IReadOnlyList<byte[]> WriteAnswer(bool done, string text)
    {
        const int room = MaximumAnswerLength - HeaderLength;
        List<byte[]> datagrams = [];
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes((done ? DonePrefix : ErrorPrefix) + text);
        while (!rest.IsEmpty)
        {
            int length = rest.Length <= room ? rest.Length : PieceLength(rest[..(room + 1)]);
            byte[] datagram = new byte[HeaderLength + length];
            datagram[0] = TextType;
            rest[..length].CopyTo(datagram.AsSpan(HeaderLength));
            datagrams.Add(datagram);
            rest = rest[length..];
        }
        datagrams.Add([FinalType, 0, 0, 0]);
        return datagrams;
    }

    /// <summary>Checks the four bytes before the text.</summary>
    internal static LocalCommandError CheckHeader(ReadOnlySpan<byte> datagram, byte type) =>
        datagram.IsEmpty || datagram[0] != type ? LocalCommandError.NotCommand
        : datagram.Length < HeaderLength ? LocalCommandError.TooShort
        : datagram[1..HeaderLength].ContainsAnyExcept((byte)0) ? LocalCommandError.Reserved
        : LocalCommandError.None;

    /// <summary>How much of a text goes into one datagram.</summary>
    /// <param name="text">As much as fits, and one byte more.</param>
    private static int PieceLength(ReadOnlySpan<byte> text)
    {
        int lineEnd = text[..^1].LastIndexOf((byte)'\n');
        if (lineEnd >= 0)
        {
            return lineEnd + 1;
        }
        int length = text.Length - 1;
        while (IsInsideCharacter(text[length]))
        {
            length--;
        }
        return length;
    }

    private static bool IsInsideCharacter(byte octet) => (octet & 0xC0) == 0x80;
}
