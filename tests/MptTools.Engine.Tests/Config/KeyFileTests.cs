using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>A file with a key that others may read is warned about.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryConfig directory = new TemporaryConfig().Write("interface.conf", ConfText.Interface());

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData(Owners | UnixFileMode.GroupRead)]
    [InlineData(Owners | UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead)]
    public void AFileThatOthersMayReadIsNamedWithTheCommand(UnixFileMode mode)
    {
        ConfText text = ConfText.Connection().Set("connection", "auth_key", Key);
        directory.Write("connections/a.conf", text).SetMode("connections/a.conf", mode);

        ConfigResult<ServerConfig> result = directory.Load();

        string file = directory.File("connections/a.conf");
        Assert.NotNull(result.Config);
        Assert.Equal(
            $"{file}({text.LineOf("connection", "auth_key")}): warning: [connection] auth_key: The file holds a key, and others than its owner may read it. Run chmod 600 {file} to take that permission away.",
            Assert.Single(result.Diagnostics).ToString());
        Assert.Equal(result.Diagnostics, ConfigLoader.LoadConnection(file).Diagnostics);
    }

    [Theory]
    [InlineData(Owners)]
    [InlineData(UnixFileMode.UserRead)]
    [InlineData(Owners | UnixFileMode.UserExecute | UnixFileMode.GroupWrite | UnixFileMode.OtherExecute)]
    public void AFileThatOnlyItsOwnerMayReadIsNot(UnixFileMode mode) =>
        Assert.Empty(directory.Write("connections/a.conf", ConfText.Connection().Set("connection", "auth_key", Key)).SetMode("connections/a.conf", mode).Load().Diagnostics);

    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData("0", 0)]
    [InlineData("default", 0)]
    [InlineData(BuiltInKey.Digits, 0)]
    // Half a key is as secret as a whole one.
    [InlineData("00112233445566778899aabbccddeeff", 1)]
    public void OnlyAKeyIsASecret(string? key, int expected)
    {
        ConfText text = key is null ? ConfText.Connection() : ConfText.Connection().Set("connection", "auth_key", key);
        directory.Write("connections/a.conf", text).SetMode("connections/a.conf", Owners | UnixFileMode.OtherRead);

        Assert.Equal(expected, directory.Load().Diagnostics.Count(fault => fault.Message.StartsWith("The file holds a key", StringComparison.Ordinal)));
    }

    [Fact]
    public void TheFileBehindALinkCounts()
    {
        directory.Write("key", ConfText.Connection().Set("connection", "auth_key", Key)).Write("connections/b.conf", "");
        File.Delete(directory.File("connections/b.conf"));
        File.CreateSymbolicLink(directory.File("connections/a.conf"), directory.File("key"));
        Assert.Empty(directory.Load().Diagnostics);

        Assert.Single(directory.SetMode("key", Owners | UnixFileMode.GroupRead).Load().Diagnostics);
    }

    [Fact]
    public void AFaultyFileAndTheTemplateAreNamedToo()
    {
        directory.Write("connections/a.conf", ConfText.Connection().Set("connection", "auth_key", Key).Set("connection", "permission", "9"));
        directory.Write("conf.template", ConfText.Connection().Set("connection", "auth_key", Key).Remove("connection", "ip_remote"));
        directory.SetMode("connections/a.conf", Owners | UnixFileMode.GroupRead).SetMode("conf.template", Owners | UnixFileMode.OtherRead);

        Assert.Equal(["permission", "auth_key", "auth_key"], directory.Load().Diagnostics.Select(fault => fault.Key));
    }

    [Theory]
    [InlineData("/etc/mpttools/connections/a.conf", "/etc/mpttools/connections/a.conf")]
    [InlineData("/tmp/a b/$(x).conf", "'/tmp/a b/$(x).conf'")]
    [InlineData("it's", "'it'\\''s'")]
    public void ThePathIsWrittenForAShell(string path, string expected) => Assert.Equal(expected, ConfigFile.ShellQuoted(path));
}
