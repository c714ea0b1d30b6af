using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class CreatePayloadTests
{
    private const int Cut = 36;

    private static readonly string Closing = $"\n{new string('#', 70)}\n";

    [Fact]
    public void TheReaderSkipsFourCharacters()
    {
        Assert.Equal(";;;#\n[c]", Encoding.ASCII.GetString(CreatePayload.Read(";;;;;;;#\n[c]"u8)));
        Assert.True(CreatePayload.Read(";;;;"u8).IsEmpty);
        Assert.True(CreatePayload.Read(";;;"u8).IsEmpty);
        Assert.True(CreatePayload.Read(default).IsEmpty);
    }

    [Fact]
    public void TheCapturedAnswerIsCutWhereExistingServersCut()
    {
        string answer = CapturedText(4);
        string whole = answer + new string('#', 35) + "\n";
        Assert.Equal(answer, Fit(whole, Cut, 1144));
        Assert.Equal(whole, Fit(whole, 0, 1144));
    }

    [Theory]
    [InlineData("a=1\n", 0, 100, "a=1\n")]
    [InlineData("a=1\n", 36, 100, "a=1\n")] // nothing may be cut
    [InlineData("a=1\n#", 1, 100, "a=1\n")]
    [InlineData("a=1\n##", 4, 100, "a=1\n##")] // less comment than is to be cut
    [InlineData("a=1\n####", 2, 100, "a=1\n##")]
    [InlineData("a=1\n####", 2, 5, "a=1\n#")]
    [InlineData("a=1\n####", 2, 4, "a=1\n")]
    [InlineData("a=1\n\n \n;\n", 5, 4, "a=1\n")] // blank lines and both kinds of comments
    [InlineData(";;;;;;;;;##\n\n  a  =  1 \n# c\nb=x = y\n", 2, 24, ";;;;;\na=1\nb=x = y\n")]
    [InlineData("[x]\na = 1\n", 2, 9, "[x]\na=1\n")] // no comment to be skipped: nothing to shorten
    [InlineData(";;;;;;;;;\na = 1\n", 2, 9, null)]
    public void ATextIsMadeToFit(string text, int cut, int room, string? expected) => Assert.Equal(expected, Fit(text, cut, room));

    [Fact]
    public void WhateverFitsMeansTheSame()
    {
        string text = CapturedText(3);
        Assert.False(CreatePayload.TryFit(Encoding.ASCII.GetBytes(text), Cut, 400, out ReadOnlySpan<byte> nothing));
        Assert.True(nothing.IsEmpty);
        PropertyCheck.Holds(
            from cut in Gen.Choose(0, 80)
            from room in Gen.Choose(400, 1300)
            from lines in Gen.Choose(0, 3)
            select (cut, room, text + string.Concat(Enumerable.Repeat(Closing, lines))),
            input =>
            {
                string? fitted = Fit(input.Item3, input.cut, input.room);
                return fitted is null || (fitted.Length <= input.room && Read(fitted) == Read(text));
            });
        Assert.NotNull(Fit(text, Cut, 800));
    }

    private static string? Fit(string text, int cut, int room) =>
        CreatePayload.TryFit(Encoding.ASCII.GetBytes(text), cut, room, out ReadOnlySpan<byte> fitted)
            ? Encoding.ASCII.GetString(fitted)
            : null;

    /// <summary>What a peer would make of it, as text that can be compared.</summary>
    private static string Read(string payload)
    {
        ConfigResult<ConnectionConfig> result =
            ConfigLoader.ParseConnection("peer.conf", CreatePayload.Read(Encoding.ASCII.GetBytes(payload)).ToArray());
        Assert.DoesNotContain(result.Diagnostics, fault => fault.Severity == ConfigSeverity.Error);
        ConnectionConfig config = result.Config!;
        return string.Join('\n', config.Paths.Select(path => $"{path}"))
            + config with { Paths = [] } + config.LocalPort + config.ReorderWindow + config.RemoteAddress + config.MaxBufferDelay;
    }

    private static string CapturedText(byte round) => Encoding.ASCII.GetString(Captures.Datagrams("create")
        .First(datagram => !datagram.IsGre && datagram.Payload[40] == round).Payload.AsSpan(76));
}
