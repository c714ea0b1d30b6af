using System.Net;
using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.Config;

/// <summary>The create that existing servers were captured with: the files of both ends and the two texts.</summary>
internal static class CreateCapture
{
    public const int CommandPort = 60456, AuthenticationLength = 36;

    private const int HeaderLength = 40 + AuthenticationLength, RoundOffset = 4 + AuthenticationLength;

    /// <summary>What A sent in round 3.</summary>
    public static byte[] Request => Text(round: 3);

    /// <summary>What B answered in round 4.</summary>
    public static byte[] Answer => Text(round: 4);

    /// <summary>A's file.</summary>
    public static ConnectionConfig Requester => Load("connection.conf", "A.connection.conf");

    /// <summary>B's template.</summary>
    public static ConnectionConfig Template => Load("conf.template", "B.conf.template");

    /// <summary>B as it was when the request came in.</summary>
    public static CreateFacts Facts => new()
    {
        Template = Template,
        TunnelAddresses = [IPAddress.Parse("10.0.0.3"), IPAddress.Parse("fec0::3")],
        CommandPort = CommandPort,
        Connections = [],
    };

    /// <summary>The request as B reads it.</summary>
    public static CreateRequest Incoming => RequestOf(Request, "10.0.0.2", "10.0.0.3");

    public static CreateRequest RequestOf(byte[] text, string requester, string responder) =>
        new(Read(text), IPAddress.Parse(requester), IPAddress.Parse(responder), text.Length, AuthenticationLength);

    public static CreateOffer Read(byte[] text)
    {
        ConfigResult<CreateOffer> result = CreateOffer.Read("create", text);
        Assert.False(result.HasErrors, string.Join('\n', result.Diagnostics));
        Assert.NotNull(result.Config);
        return result.Config;
    }

    private static byte[] Text(int round) =>
        Captures.Datagrams("create").First(datagram => !datagram.IsGre && datagram.Payload[0] == 0xA3 && datagram.Payload[RoundOffset] == round).Payload[HeaderLength..];

    private static ConnectionConfig Load(string name, string file)
    {
        ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection(name, File.ReadAllText(Path.Combine(Captures.Directory, "create", file), Encoding.UTF8));
        Assert.NotNull(result.Config);
        return result.Config;
    }
}
