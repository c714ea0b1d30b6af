using System.Net;
using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class CreateOfferTests
{
    private const int Seed = 60457;

    private static readonly string Request = Encoding.UTF8.GetString(CreateCapture.Request);

    [Fact]
    public void WhatIsTakenFromATextIsRead()
    {
        CreateOffer offer = CreateCapture.Read(CreateCapture.Request);

        Assert.Equal(
            ("MPT_connection_10.0.0.2", 4, "10.0.0.2", 23456, 60456, 100, AuthenticationType.None, false),
            (offer.Name, offer.IPVersion, offer.LocalAddress.ToString(), offer.LocalPort, offer.LocalCommandPort, offer.ReorderWindow, offer.AuthenticationType, offer.HasNetworks));
        Assert.Equal(
            [
                new CreatePathOffer(4, IPAddress.Parse("10.1.1.2"), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), 3, 1),
                new CreatePathOffer(4, IPAddress.Parse("10.2.2.2"), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), 2, 1),
            ],
            offer.Paths);
    }

    [Fact]
    public void FirstFourCharactersAreSkippedWhateverTheyAre() =>
        Assert.Equal("MPT_connection_10.0.0.2", CreateCapture.Read(Encoding.UTF8.GetBytes("[x\n=" + Request[4..])).Name);

    [Theory]
    // What an existing server writes for what it does not know, or has at run time, and what only concerns itself.
    [InlineData("remote_port      = 23456", "remote_port      = 0")]
    [InlineData("remote_ipaddr    = 10.1.1.3", "remote_ipaddr    = ")]
    [InlineData("gw_ipaddr        = 10.1.1.2", "gw_ipaddr        = nowhere")]
    [InlineData("weight_out       = 2\nstatus           = 0", "weight_out       = 2\nstatus           = 129")]
    [InlineData("max_buffdelay_msec = 200", "max_buffdelay_msec = 999999")]
    [InlineData("auth_type        = 0", "auth_type        = 0\nauth_key = short")]
    [InlineData("auth_type        = 0", "auth_type        = 0\nlatest_key = 1")]
    [InlineData("######\n\n[path_0]", "######\n\n[paths]\nx = y\n[path_0]")]
    public void WhatIsNotTakenDoesNotMatter(string old, string now)
    {
        Assert.Contains(old, Request, StringComparison.Ordinal);

        Assert.Equal(CreateCapture.Read(CreateCapture.Request).Paths, CreateCapture.Read(Encoding.UTF8.GetBytes(Request.Replace(old, now, StringComparison.Ordinal))).Paths);
    }

    [Theory]
    [InlineData("public_ipaddr    = 10.1.1.2", "public_ipaddr    = 0.0.0.0")]
    [InlineData("public_ipaddr    = 10.1.1.2", "public_ipaddr    = ::")]
    public void AnAddressThatThePeerDoesNotKnowIsNone(string old, string now) =>
        Assert.Null(CreateCapture.Read(Encoding.UTF8.GetBytes(Request.Replace(old, now, StringComparison.Ordinal))).Paths[0].PublicAddress);

    [Theory]
    [InlineData("name             = MPT_connection_10.0.0.2", "name = two words", "name")]
    [InlineData("ip_ver           = 4\nip_local", "ip_ver = 5\nip_local", "ip_ver")]
    [InlineData("ip_local         = 10.0.0.2", "ip_local = 10.0.0", "ip_local")]
    [InlineData("local_port       = 23456", "local_port = 0", "local_port")]
    [InlineData("local_cmd_port   = 60456\n", "", "local_cmd_port")]
    [InlineData("auth_type        = 0", "auth_type = 3", "auth_type")]
    [InlineData("reorder_window   = 100", "reorder_window = 10001", "reorder_window")]
    [InlineData("path_count       = 2", "path_count = 3", null)]
    [InlineData("path_count       = 2", "path_count = 21", "path_count")]
    [InlineData("public_ipaddr    = 10.2.2.2", "public_ipaddr = 224.0.0.1", "public_ipaddr")]
    [InlineData("keepalive_time   = 1", "keepalive_time = -1", "keepalive_time")]
    [InlineData("weight_in        = 1", "weight_in = 0", "weight_in")]
    [InlineData("[connection]", "[connections]", null)]
    [InlineData("[path_1]", "[path_0]", null)]
    public void WhatIsTakenMustBeRight(string old, string now, string? key)
    {
        Assert.Contains(old, Request, StringComparison.Ordinal);

        ConfigResult<CreateOffer> result = CreateOffer.Read("create from 10.0.0.2", Encoding.UTF8.GetBytes(Request.Replace(old, now, StringComparison.Ordinal)));

        Assert.Null(result.Config);
        ConfigDiagnostic fault = result.Diagnostics.First(fault => fault.Severity == ConfigSeverity.Error);
        Assert.Equal("create from 10.0.0.2", fault.File);
        Assert.Equal(key, key is null ? null : fault.Key);
    }

    [Fact]
    public void ALongNameIsRefused()
    {
        string name = new('n', 101);

        Assert.True(CreateOffer.Read("create", Encoding.UTF8.GetBytes(Request.Replace("MPT_connection_10.0.0.2", name, StringComparison.Ordinal))).HasErrors);
        Assert.Equal(100, CreateCapture.Read(Encoding.UTF8.GetBytes(Request.Replace("MPT_connection_10.0.0.2", name[1..], StringComparison.Ordinal))).Name.Length);
    }

    [Fact]
    public void ATextBeyondADatagramIsRefused()
    {
        byte[] text = [.. CreateCapture.Request, .. Encoding.UTF8.GetBytes(new string('\n', CreateOffer.MaxBytes + 1 - CreateCapture.Request.Length))];

        Assert.NotNull(CreateOffer.Read("create", text[..^1]).Config);
        Assert.Equal("create: error: The text is longer than 65536 bytes. That is no connection.", Assert.Single(CreateOffer.Read("create", text).Diagnostics).ToString());
    }

    /// <summary>Half of a number is another number: a cut anywhere gives the whole or nothing.</summary>
    [Fact]
    public void EveryCutGivesTheWholeOrNothing()
    {
        CreateOffer whole = CreateCapture.Read(CreateCapture.Request);
        int read = 0;
        for (int length = 0; length <= CreateCapture.Request.Length; length++)
        {
            ConfigResult<CreateOffer> result = CreateOffer.Read("create", CreateCapture.Request.AsMemory(0, length));
            Assert.Equal(result.HasErrors, result.Config is null);
            if (result.Config is { } offer)
            {
                Assert.Equal(whole.Paths, offer.Paths);
                Assert.Equal(whole with { Paths = [] }, offer with { Paths = [] });
                read++;
            }
        }

        // From the end of the last weight on: the status, a blank line and the closing comment may be missing.
        Assert.Equal(CreateCapture.Request.Length - Request.LastIndexOf("status", StringComparison.Ordinal) + 1, read);
    }

    [Fact]
    public void AnEndlessZeroEndsTheText() =>
        Assert.Equal("MPT_connection_10.0.0.2", CreateCapture.Read([.. CreateCapture.Request, 0, .. "[connection]\n"u8, 0xFF]).Name);

    [Fact]
    public void HostileTextIsAnswered()
    {
        var random = new Random(Seed);
        string[] fragments =
        [
            "[", "]", "=", ";", "\"", "\0", "\n", "\r", "[path_0]\n", "[connection]\n", "path_count = 20\n", "path_count = 1\n", "name = x\n", "ip_ver = 6\n", "ip_local = fd00::1\n",
            "local_port = 1\n", "network_count = 99999999999\n", "auth_key = A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2\n", "\uFEFF", "keepalive_time = 1e9\n",
            "dead_time = 0.000001\n", "public_ipaddr = private_ipaddr\n", "weight_in = 10000\n",
        ];
        int read = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] text = (round % 3) switch
            {
                0 => RandomBytes(random),
                1 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => fragments[random.Next(fragments.Length)]))),
                _ => Changed(random, fragments),
            };
            read += AssertAnswered(text) ? 1 : 0;
        }

        Assert.InRange(read, 100, 2900);
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(600)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Changed(Random random, string[] fragments)
    {
        List<byte> bytes = [.. random.Next(2) == 0 ? CreateCapture.Request : CreateCapture.Answer];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(3))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(fragments[random.Next(fragments.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>It is read and merged or refused in sentences, without a key in them; true where it was read.</summary>
    private static bool AssertAnswered(byte[] text)
    {
        ConfigResult<CreateOffer> result = CreateOffer.Read("create", text);
        Assert.Equal(result.HasErrors, result.Config is null);
        foreach (ConfigDiagnostic fault in result.Diagnostics)
        {
            AssertSentence(fault.ToString());
        }

        if (result.Config is not { } offer)
        {
            return false;
        }

        CreateResult merged = CreateMerge.Merge(new CreateRequest(offer, offer.LocalAddress, IPAddress.Parse("10.0.0.3"), text.Length, 36), CreateCapture.Facts);
        Assert.Equal(merged.Outcome == CreateOutcome.Created, merged.Connection is not null);
        Assert.InRange(merged.Answer.Length, 0, text.Length);
        (ConnectionConfig? completed, string reason) = CreateCompletion.Complete(CreateCapture.Requester, offer, KeyAfterCreate.Configured);
        foreach (string why in new[] { merged.Connection is null ? merged.Reason : "None.", completed is null ? reason : "None." })
        {
            AssertSentence(why);
        }

        return true;
    }

    private static void AssertSentence(string text)
    {
        Assert.EndsWith(".", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, char.IsControl);
        Assert.DoesNotMatch("[0-9A-Fa-f]{24}", text);
    }
}
