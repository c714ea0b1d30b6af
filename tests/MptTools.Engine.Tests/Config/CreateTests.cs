using System.Globalization;
using System.Net;
using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Section 5 of the wire protocol: what travels in a create, and what each end makes of it.</summary>
public class CreateTests
{
    [Fact]
    public void RequesterSendsWhatWasCaptured() => Assert.Equal(
        Encoding.UTF8.GetString(CreateCapture.Request), Encoding.UTF8.GetString(CreateText.Render(CreateCapture.Requester, CreateCapture.CommandPort, isMarked: false)));

    [Fact]
    public void ResponderAnswersWhatWasCaptured()
    {
        CreateResult result = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts);

        Assert.Equal((CreateOutcome.Created, ""), (result.Outcome, result.Reason));
        Assert.Equal(Encoding.UTF8.GetString(CreateCapture.Answer), Encoding.UTF8.GetString(result.Answer));
    }

    [Fact]
    public void TwoOfOursTellEachOtherAndExistingServersDoNotSeeIt()
    {
        byte[] request = CreateText.Render(CreateCapture.Requester, CreateCapture.CommandPort, isMarked: true);
        byte[] answer = CreateMerge.Merge(CreateCapture.RequestOf(request, "10.0.0.2", "10.0.0.3"), CreateCapture.Facts).Answer;

        Assert.Equal((true, true), (CreateCapture.Read(request).IsOurs, CreateCapture.Read(answer).IsOurs));
        Assert.Equal((false, false), (CreateCapture.Read(CreateCapture.Request).IsOurs, CreateCapture.Read(CreateCapture.Answer).IsOurs));
        Assert.Equal(CreateCapture.Request[CreateText.SkippedLength..], request[CreateText.SkippedLength..]);
        Assert.Equal(CreateCapture.Answer[CreateText.SkippedLength..], answer[CreateText.SkippedLength..]);
    }

    [Fact]
    public void RulesDoWithoutPathsThatTheOtherEndLacksOrTheCreateIsRefused()
    {
        ConnectionConfig template = CreateCapture.Template;
        RuleConfig rule = new() { Index = 0, Protocols = [6], Paths = [2, 1] };
        template = template with
        {
            Mapping = MappingMode.Combined,
            Paths = [.. template.Paths, template.Paths[1] with { Index = 2, Interface = "eth9", PublicAddress = IPAddress.Parse("10.9.9.3"), LocalAddress = IPAddress.Parse("10.9.9.3") }],
            Rules = [rule],
        };

        CreateResult kept = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts with { Template = template });
        CreateResult refused = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts with { Template = template with { Rules = [rule with { Paths = [2] }] } });

        Assert.Equal((2, MappingMode.Combined), (kept.Connection?.Paths.Count, kept.Connection?.Mapping));
        Assert.Equal([1], Assert.Single(kept.Connection!.Rules).Paths);
        Assert.Equal(CreateOutcome.Unreadable, refused.Outcome);
        Assert.Contains("[rule_0] paths: \"2\" names \"2\", which is no path of the connection.", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAnswerOfAnotherIPVersionIsRefusedWithTheReason()
    {
        CreateOffer answer = CreateCapture.Read(CreateCapture.Answer);
        CreateOffer otherPath = answer with { Paths = [answer.Paths[0], answer.Paths[1] with { IPVersion = 6 }] };

        (ConnectionConfig? tunnel, string tunnelReason) = CreateCompletion.Complete(CreateCapture.Requester, answer with { IPVersion = 6 }, KeyAfterCreate.Configured);
        (ConnectionConfig? path, string pathReason) = CreateCompletion.Complete(CreateCapture.Requester, otherPath, KeyAfterCreate.Configured);

        Assert.Equal((null, null), (tunnel, path));
        Assert.StartsWith("The peer answered with an IPv6 tunnel", tunnelReason);
        Assert.StartsWith("[path_1] of the peer is IPv6", pathReason);
    }

    [Fact]
    public void ResponderMergesByTheTable()
    {
        ConnectionConfig template = CreateCapture.Template;

        ConnectionConfig? merged = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts).Connection;

        Assert.Equal(
            ConnectionConfTests.ConfigText(template with
            {
                File = "peer_10_0_0_2.conf",
                Name = "MPT_connection_10.0.0.2",
                MaxBufferDelay = TimeSpan.FromMilliseconds(300),
                LocalAddress = IPAddress.Parse("10.0.0.3"),
                LocalPort = 65060,
                LocalCommandPort = 60456,
                RemoteAddress = IPAddress.Parse("10.0.0.2"),
                RemotePort = 23456,
                RemoteCommandPort = 60456,
                Paths =
                [
                    template.Paths[0] with { RemoteAddress = IPAddress.Parse("10.1.1.2"), KeepaliveTime = TimeSpan.FromSeconds(1), DeadTime = TimeSpan.FromSeconds(3), WeightOut = 1, WeightIn = 3 },
                    template.Paths[1] with { RemoteAddress = IPAddress.Parse("10.2.2.2"), KeepaliveTime = TimeSpan.FromSeconds(1), DeadTime = TimeSpan.FromSeconds(3), WeightOut = 1, WeightIn = 2 },
                ],
            }),
            ConnectionConfTests.ConfigText(merged));
    }

    [Fact]
    public void RequesterIsCompletedByTheAnswerThatWasCaptured()
    {
        ConnectionConfig own = CreateCapture.Requester;

        (ConnectionConfig? completed, string reason) = CreateCompletion.Complete(own, CreateCapture.Read(CreateCapture.Answer), KeyAfterCreate.Configured);

        Assert.Empty(reason);
        Assert.Equal(ConnectionConfTests.ConfigText(own with { RemotePort = 65060 }), ConnectionConfTests.ConfigText(completed));
    }

    [Fact]
    public void AClientThatKnowsLittleIsCompleted()
    {
        ConnectionConfig own = CreateCapture.Requester with
        {
            File = "office.conf",
            RemotePort = null,
            Paths = [.. CreateCapture.Requester.Paths.Select(path => path with { RemoteAddress = path.IsCommandDefault ? path.RemoteAddress : null })],
            Networks = [new NetworkConfig { Index = 0, Source = IPNetwork.Parse("10.0.0.2/32"), Destination = IPNetwork.Parse("0.0.0.0/0") }],
        };
        string text = Encoding.UTF8.GetString(CreateText.Render(own, 60456, isMarked: false));

        Assert.Contains("\nremote_port      = 0\n", text, StringComparison.Ordinal);
        Assert.Contains("\nremote_ipaddr    = 0.0.0.0\n", text, StringComparison.Ordinal);
        Assert.EndsWith(" NETWORKS #####################################\n\n[net_0]\nip_ver           = 4\nsrc_addr         = 10.0.0.2/32\ndst_addr         = 0.0.0.0/0\n", text, StringComparison.Ordinal);

        CreateResult result = CreateMerge.Merge(CreateCapture.RequestOf(Encoding.UTF8.GetBytes(text), "10.0.0.2", "10.0.0.3"), CreateCapture.Facts);
        (ConnectionConfig? completed, _) = CreateCompletion.Complete(own, CreateCapture.Read(result.Answer), KeyAfterCreate.Configured);

        Assert.Equal([new NetworkConfig { Index = 0, Source = IPNetwork.Parse("0.0.0.0/0"), Destination = IPNetwork.Parse("10.0.0.2/32") }], result.Connection?.Networks ?? []);
        Assert.True(completed?.IsComplete);
        Assert.Equal("office.conf", completed?.File);
        Assert.Equal(own.Networks, completed?.Networks ?? []);
        Assert.Equal(["10.1.1.3", "10.2.2.3"], completed?.Paths.Select(path => path.RemoteAddress?.ToString()));
    }

    [Fact]
    public void FewerPathsAndTheLargerWindowCount()
    {
        CreateFacts facts = CreateCapture.Facts;
        CreateOffer offer = CreateCapture.Incoming.Offer;
        CreateOffer answer = CreateCapture.Read(CreateCapture.Answer);

        ConnectionConfig? fewer = CreateMerge.Merge(CreateCapture.Incoming with { Offer = offer with { Paths = [offer.Paths[0]], ReorderWindow = 101 } }, facts).Connection;
        ConnectionConfig? less = CreateMerge.Merge(CreateCapture.Incoming, facts with { Template = facts.Template with { Paths = [facts.Template.Paths[0]], ReorderWindow = 99 } }).Connection;
        ConnectionConfig? completed = CreateCompletion.Complete(CreateCapture.Requester, answer with { Paths = [answer.Paths[0]], ReorderWindow = 200 }, KeyAfterCreate.Configured).Connection;

        Assert.Equal((1, 101), (fewer?.Paths.Count, fewer?.ReorderWindow));
        Assert.Equal((1, 100), (less?.Paths.Count, less?.ReorderWindow));
        Assert.Equal((1, 200), (completed?.Paths.Count, completed?.ReorderWindow));
    }

    [Fact]
    public void LocalPortIsTheNextFreeOneFromTheTemplates()
    {
        ConnectionConfig other = CreateCapture.Requester with { RemoteAddress = IPAddress.Parse("10.0.0.9"), LocalPort = 65060 };
        CreateFacts facts = CreateCapture.Facts with
        {
            CommandPort = 65061, Connections = [other, other with { LocalPort = 65064 }], IsPortFree = port => port != 65062,
        };

        Assert.Equal(65063, CreateMerge.Merge(CreateCapture.Incoming, facts).Connection?.LocalPort);
        CreateResult none = CreateMerge.Merge(CreateCapture.Incoming, facts with { IsPortFree = _ => false });
        Assert.Equal(
            (CreateOutcome.Unreadable, "No UDP port from 65060 (local_port of conf.template) to 65535 is free. Lower local_port, or delete connections that nobody needs."),
            (none.Outcome, none.Reason));
    }

    [Fact]
    public void AnExistingConnectionIsNotCreatedAgain()
    {
        ConnectionConfig? first = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts).Connection;
        Assert.NotNull(first);

        CreateResult again = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts with { Connections = [first] });

        Assert.Equal((CreateOutcome.Exists, 0, null), (again.Outcome, again.Answer.Length, again.Connection));
        Assert.Equal("MPT_connection_10.0.0.2 (peer_10_0_0_2.conf) joins 10.0.0.3 and 10.0.0.2 already.", again.Reason);
    }

    [Fact]
    public void NamesAndFilesOfOthersAreNotTakenAndTheAnswerHasTheRequestersName()
    {
        ConnectionConfig other = CreateCapture.Requester with { LocalAddress = IPAddress.Parse("10.9.0.3"), RemoteAddress = IPAddress.Parse("10.0.0.2"), File = "peer_10_0_0_2.conf" };

        CreateResult result = CreateMerge.Merge(CreateCapture.Incoming, CreateCapture.Facts with { Connections = [other] });

        Assert.Equal(("MPT_connection_10.0.0.2_2", "peer_10_0_0_2_2.conf"), (result.Connection?.Name, result.Connection?.File));
        Assert.Equal(CreateCapture.Answer, result.Answer);
    }

    [Fact]
    public void IPv6TunnelsGetAnIPv6AddressAndNetwork()
    {
        CreateOffer offer = CreateCapture.Incoming.Offer with { IPVersion = 6, LocalAddress = IPAddress.Parse("fec0::2"), HasNetworks = true };
        var request = new CreateRequest(offer, IPAddress.Parse("fec0::2"), IPAddress.Parse("fec0::3"), 2000, 36);

        ConnectionConfig? merged = CreateMerge.Merge(request, CreateCapture.Facts).Connection;

        Assert.Equal(("peer_fec0__2.conf", "fec0::3", "fec0::2"), (merged?.File, merged?.LocalAddress.ToString(), merged?.RemoteAddress?.ToString()));
        Assert.Equal("::/0 fec0::2/128", string.Join(' ', merged?.Networks.Select(network => $"{network.Source} {network.Destination}") ?? []));
    }

    [Fact]
    public void TheAddressThatWasAskedForIsTaken()
    {
        CreateFacts facts = CreateCapture.Facts with { TunnelAddresses = [IPAddress.Parse("10.7.0.3"), IPAddress.Parse("10.0.0.3"), IPAddress.Parse("10.8.0.3")] };

        Assert.Equal("10.8.0.3", CreateMerge.Merge(CreateCapture.Incoming with { Responder = IPAddress.Parse("10.8.0.3") }, facts).Connection?.LocalAddress.ToString());
        Assert.Equal("10.0.0.3", CreateMerge.Merge(CreateCapture.Incoming with { Responder = IPAddress.Parse("10.6.0.3") }, facts).Connection?.LocalAddress.ToString());
    }

    [Fact]
    public void WhatCannotBecomeAConnectionIsRefusedWithAReason()
    {
        CreateRequest request = CreateCapture.Incoming;
        CreateFacts facts = CreateCapture.Facts;
        CreateOffer offer = request.Offer;

        AssertRefused("The message comes from 10.0.0.7, but its text is that of 10.0.0.2.", request with { Requester = IPAddress.Parse("10.0.0.7") }, facts);
        AssertRefused("The peer calls itself 10.0.0.2, which is the address of a tunnel of this server. Give each host a tunnel address of its own.",
            request, facts with { TunnelAddresses = [.. facts.TunnelAddresses, IPAddress.Parse("10.0.0.2")] });
        AssertRefused("The peer wants an IPv4 tunnel, but no tunnel here has an IPv4 address. Add one to interface.conf, or change ip_ver at the peer.",
            request, facts with { TunnelAddresses = [IPAddress.Parse("fec0::3")] });
        AssertRefused("[path_1] of the peer is IPv6, and that of conf.template is IPv4. Put the paths into the same order in both files.",
            request with { Offer = offer with { Paths = [offer.Paths[0], offer.Paths[1] with { IPVersion = 6, PublicAddress = IPAddress.Parse("fd00::1") }] } }, facts);
        AssertRefused("The connection would have a fault: [path_0] remote_ipaddr: 10.1.1.3 is the path's own address. Write the address of the peer.",
            request with { Offer = offer with { Paths = [offer.Paths[0] with { PublicAddress = IPAddress.Parse("10.1.1.3") }] } }, facts);
        AssertRefused("The answer would be longer than the request of 300 bytes, which existing servers cannot receive.", request with { TextLength = 300 }, facts);
    }

    [Theory]
    [InlineData(false, AuthenticationType.Sha256, true, false)]
    [InlineData(false, AuthenticationType.None, true, false)]
    [InlineData(true, AuthenticationType.Sha256, false, true)]
    [InlineData(true, AuthenticationType.Random, false, false)]
    public void KeyToGoOnWithIsThatOfTheFilesOrTheBuiltInOne(bool asksForBuiltIn, AuthenticationType type, bool isConfigured, bool isBuiltIn)
    {
        KeyAfterCreate key = asksForBuiltIn ? KeyAfterCreate.BuiltIn : KeyAfterCreate.Configured;
        CreateOffer offer = CreateCapture.Incoming.Offer with { AuthenticationType = type };
        string? expected = isConfigured ? CreateCapture.Template.AuthenticationKey : isBuiltIn ? BuiltInKey.Digits : null;
        Assert.Equal(isConfigured || isBuiltIn, expected is not null);

        ConnectionConfig? merged = CreateMerge.Merge(CreateCapture.Incoming with { Offer = offer }, CreateCapture.Facts with { Key = key }).Connection;
        ConnectionConfig? completed = CreateCompletion.Complete(CreateCapture.Requester with { AuthenticationType = type }, CreateCapture.Read(CreateCapture.Answer), key).Connection;

        Assert.Equal((type, expected), (merged?.AuthenticationType, merged?.AuthenticationKey));
        Assert.Equal((type, expected), (completed?.AuthenticationType, completed?.AuthenticationKey));
    }

    [Theory]
    [InlineData(1108, ";;;;;;;####")]
    [InlineData(1107, ";;;;;\n[connection]\nname = MPT_connection_10.0.0.2\n")]
    [InlineData(710, ";;;;;\n[connection]\nname=MPT_connection_10.0.0.2\n")]
    public void AnswerIsNoLongerThanTheRequest(int longest, string start)
    {
        CreateRequest request = CreateCapture.Incoming with { TextLength = longest };

        byte[] answer = CreateMerge.Merge(request, CreateCapture.Facts).Answer;

        Assert.InRange(answer.Length, 1, longest);
        Assert.StartsWith(start, Encoding.UTF8.GetString(answer), StringComparison.Ordinal);
        CreateOffer whole = CreateCapture.Read(CreateCapture.Answer);
        CreateOffer read = CreateCapture.Read(answer);
        Assert.Equal(whole.Paths, read.Paths);
        Assert.Equal(whole with { Paths = [] }, read with { Paths = [] });
    }

    [Fact]
    public void TextCarriesNoKey()
    {
        Assert.NotNull(CreateCapture.Requester.AuthenticationKey);
        Assert.DoesNotContain("auth_key", Encoding.UTF8.GetString(CreateText.Render(CreateCapture.Requester, 60456, isMarked: false)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 3, 1, 3)]
    [InlineData(1.2, 3.5, 2, 4)]
    [InlineData(0.2, 0.6, 1, 3)]
    [InlineData(0.3, 0.9, 1, 3)]
    [InlineData(0.2, 1.1, 1, 2)]
    [InlineData(0.999, 1, 1, 2)]
    [InlineData(0.01, 0.02, 1, 2)]
    [InlineData(0.5, 0, 1, 0)]
    [InlineData(0, 0.5, 0, 1)]
    [InlineData(2, 2, 2, 2)]
    [InlineData(86400, 259200, 86400, 259200)]
    public void TimesAreWholeSecondsRoundedUp(double keepalive, double dead, int wholeKeepalive, int wholeDead)
    {
        ConnectionConfig own = CreateCapture.Requester;
        own = own with { Paths = [own.Paths[0] with { KeepaliveTime = TimeSpan.FromSeconds(keepalive), DeadTime = TimeSpan.FromSeconds(dead) }] };

        string text = Encoding.UTF8.GetString(CreateText.Render(own, 60456, isMarked: false));
        PathConfig? completed = CreateCompletion.Complete(own, CreateCapture.Read(CreateCapture.Answer), KeyAfterCreate.Configured).Connection?.Paths[0];

        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"\nkeepalive_time   = {wholeKeepalive}\ndead_time        = {wholeDead}\n"), text, StringComparison.Ordinal);
        Assert.Equal((TimeSpan.FromSeconds(wholeKeepalive), TimeSpan.FromSeconds(wholeDead)), (completed?.KeepaliveTime, completed?.DeadTime));
    }

    private static void AssertRefused(string reason, CreateRequest request, CreateFacts facts)
    {
        CreateResult result = CreateMerge.Merge(request, facts);

        Assert.Equal((CreateOutcome.Unreadable, reason), (result.Outcome, result.Reason));
        Assert.Null(result.Connection);
        Assert.Empty(result.Answer);
    }
}
