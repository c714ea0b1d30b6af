using System.Net;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class KeepaliveTests
{
    // The example of docs/wire-extension.md; its authentication was computed by another implementation of HMAC.
    private const string Body = "A10000000004000000000000000000000000FFFF0A00000200000000000000000000FFFF0A000003";
    private const string Header = "4D70745401";
    private const string Capabilities = "010400000001";
    private const string NextSequence = "0204000003E8";
    private const string Instance = "03100123456789ABCDEF000000000000002A";
    private const string PeerInstance = "0408FEDCBA9876543210";
    private const string Observed = "0513045BA000000000000000000000FFFF0A010103";
    private const string Path = "0603000101";
    private const string Source = "071304303900000000000000000000FFFFCB007107";
    private const string Timing = "081400000000004C4B4000000000006AD59C0003D090";
    private const string Counts = "091800000000000004B00000000000000384000000000000037B";
    private const string Unnumbered = "0A00";
    private const string Fields = Capabilities + NextSequence + Instance + PeerInstance + Observed + Path + Source + Timing + Counts + Unnumbered;
    private const string Authentication = "7F20192E077909196E3E124D0FB00C47571216207D1542E526312F002C7451BA6B2A";

    private static ReadOnlySpan<byte> Key => "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"u8;

    private static KeepaliveExtension Example => new()
    {
        Capabilities = PeerCapabilities.EcnNormalMode,
        NextSequence = 1000,
        Instance = new KeepaliveInstance(0x0123456789ABCDEF, 42),
        PeerInstance = 0xFEDCBA9876543210,
        Observed = new ObservedEndpoint(MappedAddress.ToInteger(IPAddress.Parse("10.1.1.3")), 23456),
        Path = new KeepalivePath(0, 1, IsHeard: true),
        Source = new ObservedEndpoint(MappedAddress.ToInteger(IPAddress.Parse("203.0.113.7")), 12345),
        Timing = new KeepaliveTiming(5_000_000, 7_001_500, 250_000),
        Counts = new KeepaliveCounts(1200, 900, 891),
        IsUnnumbered = true,
    };

    [Fact]
    public void TheExampleOfTheDocumentIsWritten()
    {
        Assert.Equal("00000800" + Body + Header + Fields + Authentication, Convert.ToHexString(Write(Example, Key)));
        Assert.Equal("00000800" + Body + Header + Fields, Convert.ToHexString(Write(Example, default)));
        Assert.Equal("00000800" + Body + Header, Convert.ToHexString(Write(default, default)));
    }

    [Fact]
    public void TheExampleOfTheDocumentIsRead()
    {
        byte[] body = Convert.FromHexString(Body + Header + Fields + Authentication);
        Assert.Equal(KeepaliveStatus.Extended, Keepalive.TryParse(body, Key, out KeepaliveInfo info));
        Assert.Equal(Example, info.Extension);
        Assert.Equal(4, info.IPVersion);
        Assert.Equal(IPAddress.Parse("10.0.0.2"), MappedAddress.ToIPAddress(info.SenderTunnel));
        Assert.Equal(IPAddress.Parse("10.0.0.3"), MappedAddress.ToIPAddress(info.ReceiverTunnel));
        Assert.Equal(IPEndPoint.Parse("10.1.1.3:23456"), info.Extension.Observed?.ToIPEndPoint());
    }

    [Fact]
    public void EveryExtensionIsReadAsItWasWritten() => PropertyCheck.Holds(
        from extension in AnyExtension
        from keyed in Gen.Elements(true, false)
        select (extension, keyed),
        input =>
        {
            ReadOnlySpan<byte> key = input.keyed ? Key : default;
            byte[] datagram = Write(input.extension, key);
            return datagram.Length <= Keepalive.MaximumDatagramLength
                && Keepalive.TryParse(datagram.AsSpan(Gre.BaseLength), key, out KeepaliveInfo info) == KeepaliveStatus.Extended
                && info.Extension == input.extension;
        });

    [Theory]
    [InlineData(Body, nameof(KeepaliveStatus.Plain))]
    [InlineData(Body + "00", nameof(KeepaliveStatus.Plain))]
    [InlineData(Body + "4D7074", nameof(KeepaliveStatus.Plain))] // not the whole magic
    [InlineData(Body + "4D7074550104", nameof(KeepaliveStatus.Plain))] // other bytes
    [InlineData(Body + "4D70745402FFFFFF", nameof(KeepaliveStatus.Plain))] // a version of the future
    [InlineData(Body + "4D707454", nameof(KeepaliveStatus.ExtendedInvalid))] // no version
    [InlineData(Body + Header, nameof(KeepaliveStatus.Extended))]
    [InlineData(Body + Header + Observed + Instance, nameof(KeepaliveStatus.Extended))] // any order
    [InlineData(Body + Header + "0B00" + "0C03AABBCC" + Capabilities, nameof(KeepaliveStatus.Extended))] // unknown types
    [InlineData(Body + Header + "0B00" + "0B00", nameof(KeepaliveStatus.Extended))]
    [InlineData(Body + Header + "0103000001", nameof(KeepaliveStatus.ExtendedInvalid))] // lengths other than the table's
    [InlineData(Body + Header + "01050000000001", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0200", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0308" + "0123456789ABCDEF", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0400", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0507" + "045BA00A010103", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "06020001", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0707" + "045BA00A010103", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0800", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0908" + "00000000000004B0", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0A0101", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "7F00", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Capabilities + Capabilities, nameof(KeepaliveStatus.ExtendedInvalid))] // twice
    [InlineData(Body + Header + NextSequence + NextSequence, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Instance + Instance, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + PeerInstance + PeerInstance, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Observed + Observed, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Path + Path, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Timing + Timing, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Counts + Counts, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Unnumbered + Unnumbered, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Source + Source, nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0713" + "065BA000000000000000000000FFFF0A010103", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0513" + "065BA000000000000000000000FFFF0A010103", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + "0513" + "045BA0FD000000000000000000000000000001", nameof(KeepaliveStatus.ExtendedInvalid))]
    [InlineData(Body + Header + Fields + Authentication, nameof(KeepaliveStatus.AuthenticationFailed))] // no key here
    [InlineData(Body + Header + Fields + Authentication + "0B00", nameof(KeepaliveStatus.ExtendedInvalid))] // not the last
    public void WithoutAKeyTheStatusIs(string hex, string expected)
    {
        KeepaliveStatus status = Keepalive.TryParse(Convert.FromHexString(hex), default, out KeepaliveInfo info);
        Assert.Equal(expected, status.ToString());
        if (status != KeepaliveStatus.Extended)
        {
            Assert.Equal(default, info.Extension);
        }

        Assert.Equal(4, info.IPVersion);
    }

    [Fact]
    public void ALongUnknownFieldIsSkipped()
    {
        string unknown = "0BEA" + new string('0', 2 * 0xEA);
        byte[] body = Convert.FromHexString(Body + Header + unknown + NextSequence);
        Assert.Equal(KeepaliveStatus.Extended, Keepalive.TryParse(body, default, out KeepaliveInfo info));
        Assert.Equal(1000u, info.Extension.NextSequence);
    }

    [Theory]
    [InlineData(Keepalive.MaximumBodyLength, nameof(KeepaliveStatus.Extended))]
    [InlineData(Keepalive.MaximumBodyLength + 1, nameof(KeepaliveStatus.ExtendedInvalid))]
    public void TheLengthIsLimited(int length, string expected)
    {
        byte[] body = new byte[length];
        Convert.FromHexString(Body + Header + "0BFF").CopyTo(body, 0);
        int second = 45 + 2 + 255;
        body[second] = 12;
        body[second + 1] = (byte)(length - second - 2);
        Assert.Equal(expected, Keepalive.TryParse(body, default, out _).ToString());
    }

    [Theory]
    [InlineData(Body, nameof(KeepaliveStatus.Plain))]
    [InlineData(Body + Header + Fields, nameof(KeepaliveStatus.AuthenticationMissing))]
    [InlineData(Body + Header + Fields + Authentication, nameof(KeepaliveStatus.Extended))]
    [InlineData(Body + Header + Authentication, nameof(KeepaliveStatus.AuthenticationFailed))]
    public void WithAKeyTheStatusIs(string hex, string expected)
    {
        KeepaliveStatus status = Keepalive.TryParse(Convert.FromHexString(hex), Key, out KeepaliveInfo info);
        Assert.Equal(expected, status.ToString());
        Assert.Equal(status == KeepaliveStatus.Extended ? Example : default, info.Extension);
    }

    [Fact]
    public void AnotherKeyFails()
    {
        byte[] body = Convert.FromHexString(Body + Header + Fields + Authentication);
        byte[] key = Key.ToArray();
        key[^1] ^= 0x20; // a letter's case
        Assert.Equal(KeepaliveStatus.AuthenticationFailed, Keepalive.TryParse(body, key, out _));
        Assert.Equal(KeepaliveStatus.AuthenticationFailed, Keepalive.TryParse(body, Key[..^1], out _));
    }

    [Fact]
    public void NoBitOfAnAuthenticatedExtensionCanBeChanged()
    {
        byte[] body = Convert.FromHexString(Body + Header + Fields + Authentication);
        for (int bit = 0; bit < body.Length * 8; bit++)
        {
            body[bit / 8] ^= (byte)(1 << bit % 8);
            KeepaliveStatus status = Keepalive.TryParse(body, Key, out KeepaliveInfo info);
            Assert.True(status != KeepaliveStatus.Extended, $"Bit {bit} was changed and the extension was believed.");
            Assert.Equal(default, info.Extension);
            body[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void EveryCutIsFound()
    {
        byte[] body = Convert.FromHexString(Body + Header + Fields + Authentication);
        int[] fieldEnds = [45, 51, 57, 75, 85, 106, 111, 132, 154, 180, 182];
        for (int length = 0; length < body.Length; length++)
        {
            KeepaliveStatus expected = length < 40 ? KeepaliveStatus.NotKeepalive
                : length < 44 ? KeepaliveStatus.Plain
                : fieldEnds.Contains(length) ? KeepaliveStatus.AuthenticationMissing
                : KeepaliveStatus.ExtendedInvalid;
            Assert.Equal((length, expected), (length, Keepalive.TryParse(body.AsSpan(0, length), Key, out _)));
        }
    }

    [Theory]
    [InlineData(0xA0)]
    [InlineData(0xA2)]
    [InlineData(0x45)]
    public void OtherMessagesAreNoKeepalives(byte type)
    {
        byte[] body = Convert.FromHexString(Body);
        body[0] = type;
        Assert.Equal(KeepaliveStatus.NotKeepalive, Keepalive.TryParse(body, default, out KeepaliveInfo info));
        Assert.Equal(default, info);
    }

    [Fact]
    public void OldBytesInTheBufferDoNotShow()
    {
        byte[] datagram = new byte[Keepalive.DatagramLength];
        Array.Fill(datagram, (byte)0xEE);
        Keepalive.Write(datagram, 4, IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.3"));
        Assert.Equal("00000800" + Body, Convert.ToHexString(datagram));
    }

    [Fact]
    public void NothingIsAllocated()
    {
        byte[] datagram = new byte[Keepalive.MaximumDatagramLength];
        IPAddress sender = IPAddress.Parse("10.0.0.2"), receiver = IPAddress.Parse("fec0::3");
        KeepaliveExtension extension = Example;
        RoundTrip();
        long before = GC.GetAllocatedBytesForCurrentThread();
        RoundTrip();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void RoundTrip()
        {
            Keepalive.Write(datagram, 4, sender, receiver);
            int length = Keepalive.WriteExtension(datagram, extension, Key);
            ReadOnlySpan<byte> body = datagram.AsSpan(Gre.BaseLength, length - Gre.BaseLength);
            Assert.True(Keepalive.TryParse(body, Key, out _) == KeepaliveStatus.Extended);
        }
    }

    private static Gen<KeepaliveExtension> AnyExtension =>
        from capabilities in PropertyCheck.OrNull(PropertyCheck.AnyUInt32)
        from nextSequence in PropertyCheck.OrNull(PropertyCheck.AnyUInt32)
        from instance in PropertyCheck.OrNull(
            from id in PropertyCheck.AnyUInt64
            from counter in PropertyCheck.AnyUInt64
            select new KeepaliveInstance(id, counter))
        from peerInstance in PropertyCheck.OrNull(PropertyCheck.AnyUInt64)
        from observed in PropertyCheck.OrNull(AnyEndpoint)
        from path in PropertyCheck.OrNull(
            from numbers in Gen.ArrayOf(Gen.Choose(0, 19), 2)
            from isKnown in Gen.Elements(true, false)
            from isHeard in Gen.Elements(true, false)
            select new KeepalivePath((byte)numbers[0], isKnown ? (byte)numbers[1] : null, isHeard))
        from source in PropertyCheck.OrNull(AnyEndpoint)
        from numbers in Gen.ArrayOf(PropertyCheck.AnyUInt64, 6)
        from isMeasured in Gen.Elements(true, false)
        from isUnnumbered in Gen.Elements(true, false)
        select new KeepaliveExtension
        {
            Capabilities = (PeerCapabilities?)capabilities,
            NextSequence = nextSequence,
            Instance = instance,
            PeerInstance = peerInstance,
            Observed = observed,
            Path = path,
            Source = source,
            Timing = isMeasured ? new KeepaliveTiming(numbers[0], numbers[1], (uint)numbers[2]) : null,
            Counts = isMeasured ? new KeepaliveCounts(numbers[3], numbers[4], numbers[5]) : null,
            IsUnnumbered = isUnnumbered,
        };

    private static Gen<ObservedEndpoint> AnyEndpoint =>
        from isIPv4 in Gen.Elements(true, false)
        from high in PropertyCheck.AnyUInt64
        from low in PropertyCheck.AnyUInt64
        from port in Gen.Choose(0, ushort.MaxValue)
        select new ObservedEndpoint(
            isIPv4 ? MappedAddress.ToInteger(new IPAddress((long)(uint)low)) : new UInt128(high, low), (ushort)port);

    private static byte[] Write(in KeepaliveExtension extension, ReadOnlySpan<byte> key)
    {
        byte[] datagram = new byte[Keepalive.MaximumDatagramLength];
        Array.Fill(datagram, (byte)0xEE);
        Keepalive.Write(datagram, 4, IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.3"));
        return datagram[..Keepalive.WriteExtension(datagram, extension, key)];
    }
}
