using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class IniDocumentTests
{
    [Theory]
    [InlineData("key = value", "value")]
    [InlineData("key=value", "value")]
    [InlineData("  \tKEY\t =\t value \t", "value")]
    [InlineData("key\u00A0=\u00A0value\u00A0", "value")]
    [InlineData("key = two words", "two words")]
    [InlineData("key = a=b", "a=b")]
    [InlineData("key = value ; comment", "value")]
    [InlineData("key = value # comment ; \"more\"", "value")]
    [InlineData("key = value\t;", "value")]
    [InlineData("key =", "")]
    [InlineData("key = ; nothing", "")]
    [InlineData("key =;nothing", "")]
    [InlineData("key = \"quoted\"", "quoted")]
    [InlineData("key = 'quoted' ; comment", "quoted")]
    [InlineData("key = \" 10.0.0.2 \"", "10.0.0.2")]
    [InlineData("key = \"a;b # c\"# comment", "a;b # c")]
    [InlineData("key = \"it's\"", "it's")]
    [InlineData("key = it's", "it's")]
    [InlineData("key = \"\"", "")]
    [InlineData("key = árvíztűrő", "árvíztűrő")]
    public void ValueIsRead(string line, string expected)
    {
        (IniDocument document, IReadOnlyList<ConfigDiagnostic> faults) = Parse("[s]\n" + line);

        Assert.Empty(faults);
        IniEntry? entry = document.Find("s")?.Find("Key");
        Assert.Equal(expected, entry?.Value);
        Assert.Equal(2, entry?.Line);
    }

    [Theory]
    [InlineData("key = value ; comment", "value")]
    [InlineData("key=\"quo ted\"# comment", "\"quo ted\"")]
    [InlineData("  key =   two words   ", "two words")]
    [InlineData("key =", "")]
    public void ValueKnowsItsPlace(string line, string expected)
    {
        (IniDocument document, _) = Parse("\uFEFF[s]\r\n" + line + "\r\n");

        IniEntry? entry = document.Find("s")?.Find("key");
        Assert.NotNull(entry);
        Assert.Equal(expected, document.Lines[entry.Line - 1].Text.Substring(entry.ValueStart, entry.ValueLength));
    }

    [Theory]
    [InlineData("[s]\na = 1\nb = 2\n")]
    [InlineData("[s]\r\na = 1\r\nb = 2\r\n")]
    [InlineData("[s]\ra = 1\rb = 2")]
    [InlineData("\uFEFF[s]\r\n\r\na = 1\nb = 2\r")]
    [InlineData("; c\n  # c\n\n \t\n[ S ] ; c\na = 1\n;b = 3\nb = 2")]
    public void LineEndingsMarksAndCommentsChangeNothing(string text)
    {
        (IniDocument document, IReadOnlyList<ConfigDiagnostic> faults) = Parse(text);

        Assert.Empty(faults);
        Assert.Equal(["a", "b"], document.Find("s")?.Entries.Select(entry => entry.Key) ?? []);
        Assert.Equal(["1", "2"], document.Find("s")?.Entries.Select(entry => entry.Value) ?? []);
    }

    [Fact]
    public void EveryByteOutsideTheLinesIsALineEndingOrTheMark()
    {
        byte[] content = Encoding.UTF8.GetBytes("\uFEFF; ő\r\n\r[s]\na = \"1\" ; x\n\n\r\nb=2");
        IniDocument? document = IniDocument.Parse("f", content, new FaultList());

        Assert.NotNull(document);
        string rebuilt = "";
        int next = 3;
        foreach (IniLine line in document.Lines)
        {
            rebuilt += Encoding.UTF8.GetString(content, next, line.Start - next) + line.Text;
            next = line.Start + line.Length;
        }

        Assert.Equal(content[3..], Encoding.UTF8.GetBytes(rebuilt));
        Assert.Equal("; ő||[s]|a = \"1\" ; x|||b=2", string.Join('|', document.Lines.Select(line => line.Text)));
    }

    [Theory]
    [InlineData("[s", 2, "f(2): error: The name of a section ends with a bracket that is missing here. Write [name].")]
    [InlineData("[]", 2, "f(2): error: The section has no name. Write [name].")]
    [InlineData("[s] x", 2, "f(2): error: There is text behind the section's name. Put it into a line of its own, or a ; before it to make it a comment.")]
    [InlineData("[A]", 2, "f(2): error: [A]: The section is there twice: in line 1 and in line 2. Remove one of them.")]
    [InlineData("word", 2, "f(2): error: [a]: The line is neither a comment, nor a [section], nor a key with its value. Write key = value, or begin the line with ; to make it a comment.")]
    [InlineData("word ; a = b", 2, "f(2): error: [a]: The line is neither a comment, nor a [section], nor a key with its value. Write key = value, or begin the line with ; to make it a comment.")]
    [InlineData(" = 3", 2, "f(2): error: [a]: There is no key before the equality sign. Write key = value.")]
    [InlineData("k = 1\nx = 2\nK = 1", 4, "f(4): error: [a] K: The key is there twice: in line 2 and in line 4. Remove one of them.")]
    [InlineData("k = \"1", 2, "f(2): error: [a] k: The value begins with a quotation mark, but none ends it. Add one behind the value, or remove the first.")]
    [InlineData("k = '1' 2", 2, "f(2): error: [a] k: There is text behind the quoted value. Remove it, or put a ; before it to make it a comment.")]
    [InlineData("k = 1\u00012", 2, "f(2): error: [a] k: The value contains the control character U+0001; remove it.")]
    [InlineData("k\u0001 = 1", 2, "f(2): error: [a]: The key contains the control character U+0001; remove it.")]
    [InlineData("[\u001B]", 2, "f(2): error: The section's name contains the control character U+001B; remove it.")]
    [InlineData("k = 1;2", 2, "f(2): warning: [a] k: The value ends before the ;: what follows is read as a comment. Put a blank before the comment, or quotation marks around the value if the ; belongs to it.")]
    public void WhatIsNoIniTextIsNamed(string text, int line, string expected)
    {
        (_, IReadOnlyList<ConfigDiagnostic> faults) = Parse("[a]\n" + text);

        ConfigDiagnostic fault = Assert.Single(faults);
        Assert.Equal(line, fault.Line);
        Assert.Equal(expected, fault.ToString());
    }

    [Fact]
    public void KeyBeforeTheFirstSectionIsNamed()
    {
        (_, IReadOnlyList<ConfigDiagnostic> faults) = Parse("; c\nname = x\n[a]");

        Assert.Equal("f(2): error: name: The key stands before the first section. Write the section's name, such as [connection], in a line above it.",
            Assert.Single(faults).ToString());
    }

    [Fact]
    public void EntriesBelowAFaultyHeaderBelongToNoOtherSection()
    {
        (IniDocument document, IReadOnlyList<ConfigDiagnostic> faults) = Parse("[a]\nk = 1\n[b\nk = 2\n[A]\nk = 3\nrubbish");

        Assert.Equal([3, 5, 7], faults.Select(fault => fault.Line));
        Assert.Equal("1", Assert.Single(Assert.Single(document.Sections).Entries).Value);
    }

    [Theory]
    [InlineData("; \xE1", ConfigSeverity.Warning, null, "The comment is not in UTF-8. Save the file as UTF-8.")]
    [InlineData("k = 1 ; \xE1", ConfigSeverity.Warning, "k", "The comment behind the value is not in UTF-8. Save the file as UTF-8.")]
    [InlineData("k = \xE1", ConfigSeverity.Error, "k", "The value contains bytes that are no UTF-8; save the file as UTF-8.")]
    [InlineData("k\xE1 = 1", ConfigSeverity.Error, null, "The key contains bytes that are no UTF-8; save the file as UTF-8.")]
    public void BytesThatAreNoUtf8AreReported(string latin1, ConfigSeverity severity, string? key, string message)
    {
        var faults = new FaultList();
        IniDocument.Parse("f", Encoding.Latin1.GetBytes("[a]\n" + latin1), faults);

        Assert.Equal(new ConfigDiagnostic(severity, "f", 2, "a", key, message), Assert.Single(faults.ToList()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Utf16IsReportedOnce(bool bigEndian)
    {
        var encoding = new UnicodeEncoding(bigEndian, byteOrderMark: true);
        var faults = new FaultList();
        Assert.Null(IniDocument.Parse("f", (byte[])[.. encoding.GetPreamble(), .. encoding.GetBytes("[a]\nk = 1")], faults));

        Assert.Equal("f(1): error: The file is in UTF-16. Save it as UTF-8.", Assert.Single(faults.ToList()).ToString());
    }

    [Fact]
    public void LongestFileIsReadAndALongerOneIsNot()
    {
        byte[] content = new byte[IniDocument.MaxBytes + 1];
        Array.Fill(content, (byte)';');
        var faults = new FaultList();

        Assert.NotNull(IniDocument.Parse("f", content.AsMemory(1), faults));
        Assert.Empty(faults.ToList());
        Assert.Null(IniDocument.Parse("f", content, faults));
        Assert.Contains("longer than 1048576 bytes", Assert.Single(faults.ToList()).Message);
    }

    [Fact]
    public void RubbishIsListedToABoundAndCounted()
    {
        (_, IReadOnlyList<ConfigDiagnostic> faults) = Parse(string.Concat(Enumerable.Repeat("rubbish\n", 1000)));

        Assert.Equal(FaultList.ListedPerFile + 1, faults.Count);
        Assert.Equal("f: error: There are 800 more faults in this file. Correct those listed and check again.", faults[^1].ToString());
    }

    private static (IniDocument Document, IReadOnlyList<ConfigDiagnostic> Faults) Parse(string text)
    {
        var faults = new FaultList();
        IniDocument? document = IniDocument.Parse("f", Encoding.UTF8.GetBytes(text), faults);
        Assert.NotNull(document);
        return (document, faults.ToList());
    }
}
