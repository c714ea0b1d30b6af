using System.Text;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>Datagrams at the UDP command port, and answers at our client.</summary>
internal sealed unsafe class LocalCommandFuzz(int seed, GuardedMemory memory) : FuzzPart("local commands", seed)
{
    private static readonly string[] Words =
    [
        "path", "up", "down", "address", "addr", "add", "del", "dev", "interface", "int", "reload", "restart", "delete", "save", "create", "show", "status",
        "10.1.1.2", "10.1.1.2/24", "fd00::2/64", "eth1", "../x.conf", "a.conf", "é", "", " ", "\t", "-6", "'", "\\", "$(reboot)", "%n",
    ];

    private LocalCommandAnswer answer = new();

    protected override string Take()
    {
        byte[] datagram = Next();
        ReadOnlySpan<byte> placed = new(memory.Place((int)(Messages % 2), datagram), datagram.Length);
        if (Random.Next(4) == 0)
        {
            return TakeAnswer(placed);
        }
        LocalCommandError error = LocalCommand.TryReadRequest(placed, out string command);
        if (error != LocalCommandError.None)
        {
            Check(command.Length == 0, "nothing is read of a command that is refused");
            return $"request refused: {error}";
        }
        Check(LocalCommand.WriteRequest(command).AsSpan().SequenceEqual(datagram), "a command that is taken says the same as its datagram");
        Check(!command.Any(char.IsControl) && Encoding.UTF8.GetByteCount(command) <= LocalCommand.MaximumRequestText, "a command is one line of bounded length");
        return "request read";
    }

    private string TakeAnswer(ReadOnlySpan<byte> datagram)
    {
        int before = answer.Text.Length;
        bool wasComplete = answer.IsComplete;
        LocalCommandError error = answer.Add(datagram);
        Check(error == LocalCommandError.None || (answer.Text.Length == before && answer.IsComplete == wasComplete), "a datagram that is refused changes no answer");
        bool isComplete = answer.IsComplete;
        if (isComplete || answer.Text.Length > 10_000)
        {
            answer = new LocalCommandAnswer();
        }
        return error != LocalCommandError.None ? $"answer refused: {error}" : isComplete ? "answer ended" : "answer read";
    }

    private byte[] Next()
    {
        string text = string.Join(' ', Enumerable.Range(0, Random.Next(7)).Select(_ => Words[Random.Next(Words.Length)]));
        switch (Random.Next(6))
        {
            case 0:
                return RandomBytes(60);
            case 1:
                IReadOnlyList<byte[]> answers = LocalCommand.WriteAnswer(Random.Next(2) == 0, text);
                return Damage(answers[Random.Next(answers.Count)]);
            case 2:
                return LocalCommand.WriteRequest(new string('x', Random.Next(1000, 1040)));
            default:
                return Damage(LocalCommand.WriteRequest(text));
        }
    }
}
