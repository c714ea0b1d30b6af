using System.Runtime.Versioning;
using System.Security;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class ConfigLoaderTests
{
    [Fact]
    public void FilesAreReadInTheOrdinalOrderOfTheirNames()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface());
        string[] names = ["b.conf", "B.conf", "a10.conf", "a9.conf", "é.conf"];
        for (int i = 0; i < names.Length; i++)
        {
            directory.Write($"connections/{names[i]}", Numbered(i));
        }

        foreach (string ignored in new[] { "old.conf.disabled", "x.CONF", ".#a9.conf", "conf", "notes.txt", "c.conf/inside" })
        {
            directory.Write($"connections/{ignored}", "rubbish");
        }

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Empty(result.Diagnostics);
        Assert.Equal(["B.conf", "a10.conf", "a9.conf", "b.conf", "é.conf"], result.Config?.Connections.Select(connection => connection.File) ?? []);
        Assert.Equal(["tun0", "tun1"], result.Config?.Tunnels.Select(tunnel => tunnel.Name) ?? []);
        Assert.Equal(directory.Path, result.Config?.Directory);
        Assert.True(result.Config?.General.AcceptRemote);
        Assert.Null(result.Config?.Template);
    }

    [Theory]
    [InlineData("conf.template")]
    [InlineData("connections/conf.template")]
    public void TemplateIsFoundInEitherPlace(string name)
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface()).Write(name, Template());

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Empty(result.Diagnostics);
        Assert.Equal("conf.template", result.Config?.Template?.File);
        Assert.Empty(result.Config?.Connections ?? []);
    }

    [Fact]
    public void TwoTemplatesAreNamedTogether()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface()).Write("conf.template", Template()).Write("connections/conf.template", Template());

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Null(result.Config);
        Assert.Equal(
            $"{directory.File("connections/conf.template")}: error: There are two templates, this one and {directory.File("conf.template")}. Remove one of them.",
            Assert.Single(result.Diagnostics).ToString());
    }

    [Fact]
    public void TemplateWithoutKeyIsOpenToEverybody()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface()).Write("conf.template", Template().Remove("connection", "auth_key"));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.NotNull(result.Config);
        ConfigDiagnostic fault = Assert.Single(result.Diagnostics);
        Assert.Equal(("connection", "auth_key", 1), (fault.Section, fault.Key, fault.Line));
        Assert.StartsWith("Without a key anybody who reaches the command port can create a connection", fault.Message);

        directory.Write("interface.conf", ConfText.Interface().Set("general", "accept_remote", "0")).Write("connections/a.conf", ConfText.Connection());
        Assert.Empty(directory.Load().Diagnostics);
    }

    [Fact]
    public void MissingDirectoryIsNamed()
    {
        ConfigResult<ServerConfig> result = ConfigLoader.Load("/nowhere/at/all");

        Assert.Null(result.Config);
        Assert.Equal("/nowhere/at/all: error: The directory does not exist or may not be entered. Give the directory that holds interface.conf.",
            Assert.Single(result.Diagnostics).ToString());
        Assert.True(ConfigLoader.Load("").HasErrors);
        Assert.True(ConfigLoader.Load("\0").HasErrors);
    }

    [Fact]
    public void MissingInterfaceConfIsNamedAndTheRestIsRead()
    {
        using var directory = new TemporaryConfig();
        directory.Write("connections/a.conf", ConfText.Connection().Set("connection", "permission", "7"));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Null(result.Config);
        Assert.Equal(
            [
                $"{directory.File("interface.conf")}: error: The file does not exist. Create it, or give the right path.",
                $"{directory.File("connections/a.conf")}(3): error: [connection] permission: \"7\" is out of range. Write a whole number from 0 to 3.",
            ],
            result.Diagnostics.Select(fault => fault.ToString()));
    }

    [Fact]
    public void DirectoryInPlaceOfAFileIsNamed()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf/x", "");

        Assert.Equal($"{directory.File("interface.conf")}: error: This is a directory, but a file is needed. Move it away, and put the file in its place.",
            Assert.Single(directory.Load().Diagnostics).ToString());
    }

    [Fact]
    public void LinkToNowhereIsNamed()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface()).Write("connections/a.conf", ConfText.Connection());
        File.CreateSymbolicLink(directory.File("connections/b.conf"), "/nowhere/at/all");

        Assert.Equal($"{directory.File("connections/b.conf")}: error: The file does not exist. Create it, or give the right path.",
            Assert.Single(directory.Load().Diagnostics).ToString());
    }

    [Fact]
    public void FaultOfTheFileSystemIsASentence()
    {
        Assert.Equal("There is no permission to read it. Run as root, or change its owner or mode.", ConfigFile.Explain(new UnauthorizedAccessException("x")));
        Assert.Equal("There is no permission to read it. Run as root, or change its owner or mode.", ConfigFile.Explain(new SecurityException("x")));
        Assert.Equal("It cannot be read: The disk is on fire.", ConfigFile.Explain(new IOException("The disk is on fire.")));
        Assert.True(ConfigFile.IsAboutFiles(new UnauthorizedAccessException()));
        Assert.False(ConfigFile.IsAboutFiles(new InvalidOperationException()));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void FileWithoutPermissionIsNamed()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface()).Write("connections/a.conf", ConfText.Connection());
        File.SetUnixFileMode(directory.File("connections/a.conf"), UnixFileMode.None);

        ConfigResult<ServerConfig> result = directory.Load();

        // Root reads everything; what anybody else gets is the sentence.
        Assert.Equal(
            Environment.IsPrivilegedProcess ? [] : [$"{directory.File("connections/a.conf")}: error: There is no permission to read it. Run as root, or change its owner or mode."],
            result.Diagnostics.Select(fault => fault.ToString()));
    }

    [Fact]
    public void EndlessFileIsCutOff()
    {
        using var directory = new TemporaryConfig();
        File.CreateSymbolicLink(directory.File("interface.conf"), "/dev/zero");

        Assert.Contains("longer than", Assert.Single(directory.Load().Diagnostics).Message);
    }

    [Fact]
    public void ServerWithNothingToDoIsAWarning()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface().Set("general", "accept_remote", "0"));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.NotNull(result.Config);
        Assert.StartsWith("There is no connection: ", Assert.Single(result.Diagnostics).Message);
        Assert.Empty(directory.Write("interface.conf", ConfText.Interface()).Load().Diagnostics);
    }

    [Fact]
    public void OneFileIsReadForItself()
    {
        using var directory = new TemporaryConfig();
        directory.Write("c.conf", ConfText.Connection()).Write("conf.template", Template());

        Assert.Equal("toB", ConfigLoader.LoadConnection(directory.File("c.conf")).Config?.Name);
        Assert.Null(ConfigLoader.LoadConnection(directory.File("conf.template")).Config?.RemoteAddress);
        Assert.Equal("The file does not exist. Create it, or give the right path.",
            Assert.Single(ConfigLoader.LoadConnection(directory.File("d.conf")).Diagnostics).Message);
    }

    [Fact]
    public void FaultsOfAllFilesComeTogether()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", ConfText.Interface().Set("tun_0", "mtu", "1"))
            .Write("connections/a.conf", ConfText.Connection().Set("path_0", "status", "x"))
            .Write("connections/b.conf", Numbered(1).Set("path_1", "status", "y"))
            .Write("conf.template", Template().Set("path_0", "status", "z"));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Null(result.Config);
        Assert.Equal(["interface.conf", "a.conf", "b.conf", "conf.template"], result.Diagnostics.Select(fault => Path.GetFileName(fault.File)));
    }

    /// <summary>Connections that do not collide.</summary>
    private static ConfText Numbered(int i) => ConfText.Connection()
        .Set("connection", "name", $"c{i}").Set("connection", "local_port", $"{23456 + i}").Set("connection", "ip_remote", $"10.0.0.{3 + i}");

    private static ConfText Template() => ConfText.Connection()
        .Remove("connection", "ip_remote").Remove("connection", "remote_port").Remove("connection", "remote_cmd_port")
        .Remove("path_0", "remote_ipaddr").Remove("path_1", "remote_ipaddr")
        .Set("connection", "auth_key", "A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2");
}
