using System.Text.Unicode;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class LocalCommandTests
{
    private const int CommandPort = 60456;

    public static TheoryData<string> Scenarios => ["r0-none", "r100-none", "r100-rand", "r100-sha256"];

    [Theory, MemberData(nameof(Scenarios))]
    public void EveryCapturedCommandIsReadAndItsAnswerWrittenAgain(string scenario)
    {
        string[] expected = ["path down 10.2.2.2 10.2.2.3", "path up 10.2.2.2 10.2.2.3", "show status"];
        List<string> commands = [];
        string command = "";
        List<byte[]> answer = [];
        foreach (CapturedDatagram datagram in Captures.LocalCommands(scenario))
        {
            if (datagram.Destination.Port == CommandPort)
            {
                Assert.Equal(LocalCommandError.None, LocalCommand.TryReadRequest(datagram.Payload, out command));
                Assert.Equal(datagram.Payload, LocalCommand.WriteRequest(command));
                commands.Add(command);
                continue;
            }
            answer.Add(datagram.Payload);
            if (datagram.Payload[0] == LocalCommand.FinalType)
            {
                CheckAnswer(scenario, command, answer);
                answer.Clear();
            }
        }
        Assert.Equal(expected, commands);
    }

    [Fact]
    public void AnErrorHasItsOwnBeginning()
    {
        IReadOnlyList<byte[]> datagrams = LocalCommand.WriteAnswer(false, "path up 1.2.3.4 5.6.7.8");
        Assert.Equal([0xA4, 0, 0, 0, .. "CMD-ERROR:path up 1.2.3.4 5.6.7.8"u8], datagrams[0]);
        Assert.Equal([0xA5, 0, 0, 0], datagrams[1]);
        Assert.Equal(2, datagrams.Count);
        Assert.False(Read(datagrams).IsDone);
        Assert.True(Read(LocalCommand.WriteAnswer(true, "")).IsDone);
    }

    [Fact]
    public void ALongAnswerIsSplitBetweenLines() => PropertyCheck.Holds(
        from count in Gen.Choose(0, 100)
        from lines in Gen.ArrayOf(
            from length in Gen.Frequency((29, Gen.Choose(0, 60)), (1, Gen.Choose(0, 2000)))
            from letter in Gen.Elements("a", "\u00E9", "\u20AC", "\U0001F600")
            select string.Concat(Enumerable.Repeat(letter, length)), count)
        select string.Join('\n', lines),
        text =>
        {
            IReadOnlyList<byte[]> datagrams = LocalCommand.WriteAnswer(true, text);
            LocalCommandAnswer answer = Read(datagrams);
            Assert.Equal("CMD_OK:" + text, answer.Text);
            foreach (byte[] datagram in datagrams)
            {
                Assert.InRange(datagram.Length, 4, 1594);
                // No datagram ends inside a character, so each can be printed as it comes.
                Assert.True(Utf8.IsValid(datagram.AsSpan(4)));
            }
            return datagrams.SkipLast(2).All(datagram => datagram[^1] == '\n' || datagram.AsSpan(4).IndexOf((byte)'\n') < 0)
                && datagrams.SkipLast(2).Zip(datagrams.Skip(1)).All(pair => pair.First.Length + FirstLine(pair.Second) > 1590);
        });

    [Theory]
    [InlineData("", nameof(LocalCommandError.NotCommand))]
    [InlineData("A3000000" + "7800", nameof(LocalCommandError.NotCommand))]
    [InlineData("A5000000" + "7800", nameof(LocalCommandError.NotCommand))]
    [InlineData("A4", nameof(LocalCommandError.TooShort))]
    [InlineData("A40000", nameof(LocalCommandError.TooShort))]
    [InlineData("A4000000", nameof(LocalCommandError.TooShort))]
    [InlineData("A4000000" + "00", nameof(LocalCommandError.TooShort))]
    [InlineData("A4010000" + "7800", nameof(LocalCommandError.Reserved))]
    [InlineData("A4000100" + "7800", nameof(LocalCommandError.Reserved))]
    [InlineData("A4000001" + "7800", nameof(LocalCommandError.Reserved))]
    [InlineData("A4000000" + "78", nameof(LocalCommandError.NotTerminated))]
    [InlineData("A4000000" + "780078", nameof(LocalCommandError.NotTerminated))]
    [InlineData("A4000000" + "780000", nameof(LocalCommandError.NotTerminated))]
    [InlineData("A4000000" + "780A00", nameof(LocalCommandError.BadCharacter))]
    [InlineData("A4000000" + "781B5B00", nameof(LocalCommandError.BadCharacter))]
    [InlineData("A4000000" + "7FC3A900", nameof(LocalCommandError.BadCharacter))]
    [InlineData("A4000000" + "C300", nameof(LocalCommandError.BadCharacter))] // half a character
    [InlineData("A4000000" + "C28500", nameof(LocalCommandError.BadCharacter))] // a control character of Unicode
    [InlineData("A4000000" + "C3A900", nameof(LocalCommandError.None))]
    [InlineData("A4000000" + "7800", nameof(LocalCommandError.None))]
    public void ABadCommandIsNamed(string hex, string expected)
    {
        LocalCommandError error = LocalCommand.TryReadRequest(Convert.FromHexString(hex), out string command);
        Assert.Equal(expected, error.ToString());
        Assert.Equal(error != LocalCommandError.None, command.Length == 0);
    }

    [Theory]
    [InlineData(LocalCommand.MaximumRequestText, nameof(LocalCommandError.None))]
    [InlineData(LocalCommand.MaximumRequestText + 1, nameof(LocalCommandError.TooLong))]
    public void ACommandHasALimit(int length, string expected) =>
        Assert.Equal(expected, LocalCommand.TryReadRequest(LocalCommand.WriteRequest(new string('x', length)), out _).ToString());

    [Fact]
    public void EveryCommandIsReadAsItWasWritten() => PropertyCheck.Holds(
        Gen.NonEmptyListOf(Gen.Elements("show", "path", "10.0.0.2", "\u00E9", " ", "/24")).Select(string.Concat),
        text => LocalCommand.TryReadRequest(LocalCommand.WriteRequest(text), out string read) == LocalCommandError.None && read == text);

    [Fact]
    public void EveryCutOfACommandIsFound()
    {
        byte[] datagram = LocalCommand.WriteRequest("show status");
        for (int length = 0; length < datagram.Length; length++)
        {
            LocalCommandError expected = length switch
            {
                0 => LocalCommandError.NotCommand,
                <= 4 => LocalCommandError.TooShort,
                _ => LocalCommandError.NotTerminated,
            };
            Assert.Equal((length, expected), (length, LocalCommand.TryReadRequest(datagram.AsSpan(0, length), out _)));
        }
    }

    [Fact]
    public void WhatIsNoAnswerIsNotAdded()
    {
        var answer = new LocalCommandAnswer();
        Assert.Equal(LocalCommandError.None, answer.Add([0xA4, 0, 0, 0, .. "CMD_OK:x"u8]));
        Assert.Equal(LocalCommandError.NotCommand, answer.Add([0xA2, 0, 0, 0]));
        Assert.Equal(LocalCommandError.NotCommand, answer.Add([]));
        Assert.Equal(LocalCommandError.TooShort, answer.Add([0xA4, 0]));
        Assert.Equal(LocalCommandError.NotCommand, answer.Add([0xA5, 0, 0]));
        Assert.Equal(LocalCommandError.Reserved, answer.Add([0xA4, 0, 1, 0, 65]));
        Assert.Equal("CMD_OK:x", answer.Text);
        Assert.False(answer.IsComplete);
        Assert.Equal(LocalCommandError.None, answer.Add([0xA5, 0, 0, 0]));
        Assert.True(answer.IsComplete);
        Assert.Equal(LocalCommandError.NotCommand, answer.Add([0xA4, 0, 0, 0, 65]));
        Assert.Equal("CMD_OK:x", answer.Text);
    }

    [Fact]
    public void AnAnswerHasALimit()
    {
        var answer = new LocalCommandAnswer();
        byte[] datagram = new byte[60_000];
        datagram[0] = LocalCommand.TextType;
        Array.Fill(datagram, (byte)'x', 4, datagram.Length - 4);
        int taken = 0;
        while (answer.Add(datagram) == LocalCommandError.None)
        {
            taken++;
            Assert.InRange(taken, 1, LocalCommandAnswer.MaximumLength / (datagram.Length - 4));
        }
        Assert.Equal(LocalCommandError.TooLong, answer.Add(datagram));
    }

    [Fact]
    public unsafe void RandomBytesAreAnsweredWithoutLookingBeyondThem()
    {
        using var memory = new GuardedMemory(2, 2000);
        var random = new Random(CommandPort);
        int read = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(round % 10 == 0 ? 1100 : 20)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = random.Next(4) == 0 ? (byte)random.Next(256) : (byte)random.Next(32, 127);
            }
            byte[] start = random.Next(5) == 0 ? [] : [(byte)random.Next(0xA4, 0xA6), 0, 0, 0];
            bytes = [.. start, .. bytes, .. round % 2 == 0 ? new byte[1] : []];
            for (int slot = 0; slot < 2; slot++)
            {
                var datagram = new ReadOnlySpan<byte>(memory.Place(slot, bytes), bytes.Length);
                LocalCommandError error = LocalCommand.TryReadRequest(datagram, out string command);
                Assert.Equal(error == LocalCommandError.None, command.Length > 0);
                Assert.DoesNotContain(command, char.IsControl);
                var answer = new LocalCommandAnswer();
                Assert.Equal(answer.Add(datagram) == LocalCommandError.None && datagram[0] == LocalCommand.FinalType, answer.IsComplete);
                read += error == LocalCommandError.None ? 1 : 0;
            }
        }
        Assert.True(read > 500, $"Only {read} of the random commands were commands.");
    }

    private static void CheckAnswer(string scenario, string command, List<byte[]> datagrams)
    {
        LocalCommandAnswer answer = Read(datagrams);
        Assert.True(answer.IsDone);
        string text = answer.Text["CMD_OK:".Length..];
        Assert.Equal(datagrams, LocalCommand.WriteAnswer(true, text));
        // The client prints its own head before the answer, and a line end behind it.
        string file = command switch { "show status" => "mpt-status.txt", _ when command.Contains("up") => "mpt-up.txt", _ => "mpt-down.txt" };
        string printed = File.ReadAllText(Path.Combine(Captures.Directory, scenario, file));
        Assert.EndsWith($"\n{answer.Text}\n", printed);
    }

    private static LocalCommandAnswer Read(IReadOnlyList<byte[]> datagrams)
    {
        var answer = new LocalCommandAnswer();
        foreach (byte[] datagram in datagrams)
        {
            Assert.False(answer.IsComplete);
            Assert.Equal(LocalCommandError.None, answer.Add(datagram));
        }
        Assert.True(answer.IsComplete);
        return answer;
    }

    private static int FirstLine(byte[] datagram)
    {
        int end = datagram.AsSpan(4).IndexOf((byte)'\n');
        return end < 0 ? datagram.Length - 4 : end + 1;
    }
}
