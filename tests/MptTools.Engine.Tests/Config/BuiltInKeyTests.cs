using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class BuiltInKeyTests
{
    [Theory]
    [InlineData("default", "2")]
    [InlineData("Default", "0")]
    [InlineData(BuiltInKey.Digits, "2")]
    public void BuiltInKeyIsReadWithAWarning(string written, string type)
    {
        ConfigResult<ConnectionConfig> result = ConfText.Connection().Set("connection", "auth_type", type).Set("connection", "auth_key", written).Load();

        Assert.Equal(BuiltInKey.Digits, result.Config?.AuthenticationKey);
        ConfigDiagnostic fault = Assert.Single(result.Diagnostics);
        Assert.Equal((ConfigSeverity.Warning, "auth_key"), (fault.Severity, fault.Key));
        Assert.StartsWith("The key is the one built into existing servers: it keeps nobody out", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TemplateMayAskForIt() => Assert.Equal(
        BuiltInKey.Digits, ConfigLoader.ParseConnection("conf.template", ConfText.Connection().Set("connection", "auth_key", "default").ToString()).Config?.AuthenticationKey);

    [Fact]
    public void ItIsWrittenByName()
    {
        ConnectionConfig config = ConfigLoader.ParseConnection("c.conf", ConfText.Connection().ToString()).Config! with { AuthenticationKey = BuiltInKey.Digits };

        string text = Encoding.UTF8.GetString(ConnectionWriter.Create("c.conf", config).Content ?? []);

        Assert.Contains("\nauth_key           = default\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain(BuiltInKey.Digits, text, StringComparison.Ordinal);
    }
}
