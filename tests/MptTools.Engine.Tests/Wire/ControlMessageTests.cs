using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class ControlMessageTests
{
    private const string AuthKey = "A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2";
    private const int Seed = 60456;

    // Round 1 of a status change without authentication, and the places of its fields.
    private const string Plain = "A28000000104000000000000000000000000FFFF0A00000200000000000000000000FFFF0A00000320000000";
    private const int CodeAt = 1, TypeAt = 2, LengthAt = 3, RoundAt = 4, VersionAt = 5, ReservedAt = 6;

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void EveryCapturedMessageIsReadAndWrittenAgain(string scenario)
    {
        byte[] key = ControlHash.KeyOf(AuthKey);
        CapturedDatagram[] messages = [.. Captures.Datagrams(scenario).Where(datagram => !datagram.IsGre)];
        Assert.NotEmpty(messages);
        foreach (CapturedDatagram datagram in messages)
        {
            Assert.Equal(ControlError.None, ControlMessage.TryParse(datagram.Payload, out ControlMessage message));
            Assert.Equal(datagram.Payload.Length, message.Length);
            Assert.Equal(datagram.Host == "A", message.IsRequest);
            byte[] written = new byte[message.Length];
            Assert.Equal(written.Length, message.Write(written, key));
            Assert.Equal(datagram.Payload, written);
            if (message.Authentication == ControlAuthentication.Sha256)
            {
                Assert.True(ControlHash.Fits(datagram.Payload, key));
                Assert.False(ControlHash.Fits(datagram.Payload, ControlHash.KeyOf(BuiltInKey.Digits)));
            }
        }
    }

    [Fact]
    public void TheHashIsOverMessageAndTheFirstCharactersOfTheKey()
    {
        byte[] message = RandomNumberGenerator.GetBytes(900);
        byte[] hashed = [.. message[..8], .. new byte[32], .. message[40..], .. Encoding.ASCII.GetBytes(AuthKey[..32])];
        byte[] hash = new byte[32];
        ControlHash.Compute(message, ControlHash.KeyOf(AuthKey), hash);
        Assert.Equal(SHA256.HashData(hashed), hash);

        hash.CopyTo(message, 8);
        Assert.True(ControlHash.Fits(message, ControlHash.KeyOf(AuthKey)));
        Assert.True(ControlHash.Fits(message, ControlHash.KeyOf(AuthKey[..32] + new string('0', 32))));
        Assert.False(ControlHash.Fits(message, ControlHash.KeyOf(AuthKey.ToLowerInvariant())));
        Assert.Equal("0"u8.ToArray(), ControlHash.KeyOf("0"));
    }

    [Fact]
    public void EveryMessageIsReadAsItWasWritten() => PropertyCheck.Holds(AnyMessage, sample =>
    {
        byte[] datagram = sample.Write();
        return ControlMessage.TryParse(datagram, out ControlMessage read) == ControlError.None
            && read.Kind == (ControlKind)sample.Kind
            && read.Code == sample.Code
            && read.Authentication == (ControlAuthentication)sample.Type
            && read.Random == (sample.Type == 0 ? 0 : sample.Random)
            && read.Round == sample.Round
            && read.IPVersion == sample.IPVersion
            && read.RequesterTunnel == sample.Requester
            && read.ResponderTunnel == sample.Responder
            && read.Payload.SequenceEqual(sample.Payload)
            && (sample.Type != 2 || ControlHash.Fits(datagram, sample.Key));
    });

    [Fact]
    public void NoBitOfAHashedMessageCanBeChanged() => PropertyCheck.Holds(
        from sample in AnyMessage.Where(sample => sample.Type == 2)
        from bit in Gen.Choose(0, (sample.Length * 8) - 1)
        select (sample, bit),
        input =>
        {
            byte[] datagram = input.sample.Write();
            datagram[input.bit / 8] ^= (byte)(1 << input.bit % 8);
            return ControlMessage.TryParse(datagram, out _) != ControlError.None
                || !ControlHash.Fits(datagram, input.sample.Key);
        });

    [Fact]
    public void EveryCutIsFound() => PropertyCheck.Holds(
        from sample in AnyMessage
        from length in Gen.Choose(0, sample.Length - 1)
        select (sample, length),
        input =>
        {
            byte[] cut = input.sample.Write()[..input.length];
            ControlError error = ControlMessage.TryParse(cut, out ControlMessage message);
            // Only the text of a create may have any length; its hash says that some is missing.
            return error != ControlError.None
                ? message.Length == ControlMessage.BaseLength && message.Round == 0
                : input.sample.Kind == 0xA3 && input.sample.Round >= 3 && !ControlHash.Fits(cut, input.sample.Key);
        });

    [Theory]
    [InlineData(0, 0xA1, nameof(ControlError.NotControl))]
    [InlineData(0, 0xA4, nameof(ControlError.NotControl))]
    [InlineData(0, 0xA3, nameof(ControlError.AuthenticationType))] // a create without authentication
    [InlineData(CodeAt, 1, nameof(ControlError.Code))]
    [InlineData(CodeAt, 127, nameof(ControlError.Code))]
    [InlineData(CodeAt, 129, nameof(ControlError.Code))] // statuses that are never told
    [InlineData(CodeAt, 131, nameof(ControlError.Code))]
    [InlineData(CodeAt, 255, nameof(ControlError.Code))]
    [InlineData(TypeAt, 1, nameof(ControlError.AuthenticationLength))]
    [InlineData(TypeAt, 2, nameof(ControlError.AuthenticationLength))]
    [InlineData(TypeAt, 3, nameof(ControlError.AuthenticationType))]
    [InlineData(TypeAt, 255, nameof(ControlError.AuthenticationType))]
    [InlineData(LengthAt, 4, nameof(ControlError.AuthenticationLength))]
    [InlineData(LengthAt, 36, nameof(ControlError.AuthenticationLength))]
    [InlineData(LengthAt, 255, nameof(ControlError.AuthenticationLength))]
    [InlineData(RoundAt, 0, nameof(ControlError.Round))]
    [InlineData(RoundAt, 5, nameof(ControlError.Round))]
    [InlineData(RoundAt, 255, nameof(ControlError.Round))]
    [InlineData(RoundAt, 2, nameof(ControlError.Code))] // the answer says no status
    [InlineData(RoundAt, 3, nameof(ControlError.PayloadLength))]
    [InlineData(RoundAt, 4, nameof(ControlError.PayloadLength))]
    [InlineData(VersionAt, 0, nameof(ControlError.IPVersion))]
    [InlineData(VersionAt, 5, nameof(ControlError.IPVersion))]
    [InlineData(VersionAt, 6, nameof(ControlError.AddressFamily))]
    [InlineData(ReservedAt, 1, nameof(ControlError.Reserved))]
    [InlineData(ReservedAt + 1, 1, nameof(ControlError.Reserved))]
    [InlineData(8, 0xFE, nameof(ControlError.AddressFamily))] // requester, responder
    [InlineData(24, 0xFE, nameof(ControlError.AddressFamily))]
    [InlineData(40, 31, nameof(ControlError.AnnouncedLength))]
    [InlineData(40, 0, nameof(ControlError.AnnouncedLength))]
    [InlineData(43, 32, nameof(ControlError.AnnouncedLength))]
    public void AWrongFieldIsNamed(int at, int value, string expected)
    {
        byte[] datagram = Convert.FromHexString(Plain);
        Assert.Equal(ControlError.None, ControlMessage.TryParse(datagram, out ControlMessage message));
        Assert.Equal(32u, message.AnnouncedLength);
        datagram[at] = (byte)value;
        Assert.Equal(expected, ControlMessage.TryParse(datagram, out message).ToString());
        Assert.Equal(default, message.Kind);
    }

    [Theory]
    [InlineData(1, 3, nameof(ControlError.AnnouncedLength))]
    [InlineData(1, 4, nameof(ControlError.None))]
    [InlineData(1, ControlMessage.MaximumDataLength, nameof(ControlError.None))]
    [InlineData(1, ControlMessage.MaximumDataLength + 1, nameof(ControlError.AnnouncedLength))]
    [InlineData(1, -1, nameof(ControlError.AnnouncedLength))]
    [InlineData(3, 3, nameof(ControlError.PayloadLength))]
    [InlineData(3, 4, nameof(ControlError.None))]
    [InlineData(3, ControlMessage.MaximumDataLength, nameof(ControlError.None))]
    [InlineData(3, ControlMessage.MaximumDataLength + 1, nameof(ControlError.PayloadLength))]
    [InlineData(4, 0, nameof(ControlError.None))]
    [InlineData(4, ControlMessage.MaximumDataLength + 1, nameof(ControlError.PayloadLength))]
    public void TheTextOfACreateHasItsLimits(int round, int length, string expected)
    {
        byte[] payload = round == 1 ? BitConverter.GetBytes(length) : new byte[length];
        var message = new ControlMessage
        {
            Kind = ControlKind.Create,
            Authentication = ControlAuthentication.Sha256,
            Round = round,
            IPVersion = 6,
            RequesterTunnel = 1,
            ResponderTunnel = 2,
            Payload = payload,
        };
        byte[] datagram = new byte[message.Length];
        message.Write(datagram, default);
        Assert.Equal(expected, ControlMessage.TryParse(datagram, out _).ToString());
    }

    [Fact]
    public unsafe void RandomBytesAreAnsweredWithoutLookingBeyondThem()
    {
        using var memory = new GuardedMemory(2, ControlMessage.MaximumLength + 100);
        var random = new Random(Seed);
        int parsed = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 8 && round % 2 == 0)
            {
                byte type = (byte)random.Next(3);
                int length = ControlMessage.AuthenticationLength((ControlAuthentication)type);
                new byte[] { (byte)random.Next(0xA2, 0xA4), (byte)(random.Next(2) * 128), type, (byte)length }.CopyTo(bytes, 0);
                if (bytes.Length > length + 80)
                {
                    new byte[] { (byte)random.Next(1, 5), 6, 0, 0 }.CopyTo(bytes, length + 4);
                }
                int[] lengths = [length + 40, length + 44, length + 72];
                bytes = bytes[..Math.Min(bytes.Length, lengths[random.Next(3)])];
            }
            for (int slot = 0; slot < 2; slot++)
            {
                var datagram = new ReadOnlySpan<byte>(memory.Place(slot, bytes), bytes.Length);
                ControlError error = ControlMessage.TryParse(datagram, out ControlMessage message);
                Assert.True(error == ControlError.None || message.Payload.IsEmpty);
                parsed += error == ControlError.None ? 1 : 0;
                if (message.Authentication == ControlAuthentication.Sha256)
                {
                    Assert.False(ControlHash.Fits(datagram, "key"u8));
                }
            }
        }
        Assert.True(parsed > 500, $"Only {parsed} of the random messages were messages.");
    }

    [Fact]
    public void ThePathOfAStatusChangeIsReadAsItWasWritten() => PropertyCheck.Holds(
        from high in PropertyCheck.AnyUInt64
        from low in PropertyCheck.AnyUInt64
        select new PathStatusData(new UInt128(high, low), new UInt128(low, high)),
        data =>
        {
            byte[] payload = new byte[PathStatusData.Length];
            data.Write(payload);
            return PathStatusData.Read(payload) == data;
        });

    private static Gen<ControlSample> AnyMessage =>
        from kind in Gen.Elements<byte>(0xA2, 0xA3)
        from type in kind == 0xA3 ? Gen.Constant<byte>(2) : Gen.Elements<byte>(0, 1, 2)
        from round in Gen.Choose(1, 4)
        from code in round == 4 ? Gen.Elements<byte>(0, 4, 5, 77)
            : round != 2 && kind == 0xA2 ? Gen.Elements<byte>(0, 128)
            : Gen.Constant<byte>(0)
        from number in PropertyCheck.AnyUInt32
        from version in Gen.Elements(4, 6)
        from requester in Address(version)
        from responder in Address(version)
        from payload in Payload(kind, round)
        from key in PropertyCheck.AnyUInt32.Select(seed => Octets(seed, 32))
        select new ControlSample(kind, code, type, number, round, version, requester, responder, payload, key);

    private static Gen<UInt128> Address(int version) => version == 4
        ? PropertyCheck.AnyUInt32.Select(address => (UInt128)0xFFFF << 32 | address)
        : PropertyCheck.AnyUInt64.Select(address => new UInt128(0xFEC0_0000_0000_0000, address));

    private static Gen<byte[]> Payload(byte kind, int round) =>
        from seed in PropertyCheck.AnyUInt32
        from length in Gen.Choose(4, 1000)
        select round <= 2
            ? BitConverter.GetBytes(kind == 0xA2 ? 32 : length)
            : Octets(seed, kind == 0xA3 ? length : round == 3 ? 32 : 0);

    private static byte[] Octets(uint seed, int length)
    {
        byte[] octets = new byte[length];
        new Random((int)seed).NextBytes(octets);
        return octets;
    }

    private sealed record ControlSample(
        byte Kind, byte Code, byte Type, uint Random, int Round, int IPVersion, UInt128 Requester, UInt128 Responder, byte[] Payload, byte[] Key)
    {
        internal int Length => 40 + Type switch { 0 => 0, 1 => 4, _ => 36 } + Payload.Length;

        internal byte[] Write()
        {
            byte[] datagram = new byte[Length];
            Assert.Equal(Length, new ControlMessage
            {
                Kind = (ControlKind)Kind,
                Code = Code,
                Authentication = (ControlAuthentication)Type,
                Random = Random,
                Round = Round,
                IPVersion = IPVersion,
                RequesterTunnel = Requester,
                ResponderTunnel = Responder,
                Payload = Payload,
            }.Write(datagram, Key));
            return datagram;
        }
    }
}
