using System.Text;

namespace MptTools.Engine.Wire;

/// <summary>Puts together the datagrams that answer one command of the <c>mpt</c> client.</summary>
internal sealed class LocalCommandAnswer
{
    /// <summary>Longest answer in bytes; a server that says more is not listened to any longer.</summary>
    internal const int MaximumLength = 16 * 1024 * 1024;

    private readonly MemoryStream text = new();

    /// <summary>The last datagram has come.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>The command was carried out. Until <see cref="IsComplete"/>: as far as the text has come.</summary>
    internal bool IsDone => Text.StartsWith(LocalCommand.DonePrefix, StringComparison.Ordinal);

    /// <summary>The text so far, <c>CMD_OK:</c> or <c>CMD-ERROR:</c> included.</summary>
    internal string Text => Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);

    /// <summary>Takes the next datagram.</summary>
    internal LocalCommandError Add(ReadOnlySpan<byte> datagram)
    {
        if (IsComplete)
        {
            return LocalCommandError.NotCommand;
        }
        if (LocalCommand.CheckHeader(datagram, LocalCommand.FinalType) == LocalCommandError.None)
        {
            IsComplete = true;
            return LocalCommandError.None;
        }
        LocalCommandError error = LocalCommand.CheckHeader(datagram, LocalCommand.TextType);
        if (error != LocalCommandError.None)
        {
            return error;
        }
        if (text.Length + datagram.Length > MaximumLength)
        {
            return LocalCommandError.TooLong;
        }
        // Existing servers send no zero byte here, but theirs is a language where one slips in easily.
        text.Write(datagram[LocalCommand.HeaderLength..].TrimEnd((byte)0));
        return LocalCommandError.None;
    }
}
