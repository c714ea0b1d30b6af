using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace MptTools.Engine.Wire;

/// <summary>The keepalive of existing servers and the extension behind it (docs/wire-extension.md).</summary>
internal static class Keepalive
{
    /// <summary>The first byte after the GRE header.</summary>
    internal const byte Type = 0xA1;
    /// <summary>Length in bytes of the part existing servers send.</summary>
    internal const int BodyLength = 40;
    /// <summary>Length in bytes of the datagram existing servers send.</summary>
    internal const int DatagramLength = Gre.BaseLength + BodyLength;
    /// <summary>Longest body with its extension, in bytes.</summary>
    internal const int MaximumBodyLength = 512;
    /// <summary>Longest datagram with an extension, in bytes.</summary>
    internal const int MaximumDatagramLength = Gre.BaseLength + MaximumBodyLength;

    private const int IPVersionOffset = 5, SenderOffset = 8, ReceiverOffset = 24;
    private const byte ExtensionVersion = 1;
    private const int ExtensionHeaderLength = 5;

    private const byte CapabilitiesType = 1, NextSequenceType = 2, InstanceType = 3, PeerInstanceType = 4,
        ObservedType = 5, PathType = 6, SourceType = 7, TimingType = 8, CountsType = 9, UnnumberedType = 10,
        AuthenticationType = 127;

    private const int CapabilitiesLength = 4, NextSequenceLength = 4, InstanceLength = 16, PeerInstanceLength = 8,
        EndpointLength = 19, PathLength = 3, TimingLength = 20, CountsLength = 24, AuthenticationLength = HMACSHA256.HashSizeInBytes;

    /// <summary>In place of the path's number at the receiver.</summary>
    private const byte UnknownPath = 255;
    private const byte HeardFlag = 1;

    private static ReadOnlySpan<byte> Magic => "MptT"u8;

    /// <summary>Writes a keepalive as existing servers do, its GRE header included.</summary>
    /// <param name="datagram">At least <see cref="DatagramLength"/> bytes.</param>
    /// <param name="ipVersion">The connection's ip_ver, 4 or 6.</param>
    /// <param name="senderTunnel">The sender's tunnel address.</param>
    /// <param name="receiverTunnel">The receiver's tunnel address.</param>
    /// <returns>The bytes written, <see cref="DatagramLength"/>.</returns>
    internal static int Write(Span<byte> datagram, int ipVersion, IPAddress senderTunnel, IPAddress receiverTunnel)
    {
        Gre.Write(datagram, Gre.ProtocolFor(ipVersion));
        Span<byte> body = datagram.Slice(Gre.BaseLength, BodyLength);
        body.Clear();
        body[0] = Type;
        body[IPVersionOffset] = (byte)ipVersion;
        MappedAddress.Write(body[SenderOffset..], senderTunnel);
        MappedAddress.Write(body[ReceiverOffset..], receiverTunnel);
        return DatagramLength;
    }

    /// <summary>Writes the extension behind a keepalive that <see cref="Write"/> has written.</summary>
    /// <param name="datagram">The datagram; <see cref="MaximumDatagramLength"/> bytes always suffice.</param>
    /// <param name="extension">What to say.</param>
    /// <param name="key">The ASCII bytes of auth_key where auth_type is 2; else empty: no authentication.</param>
    /// <returns>The length of the whole datagram in bytes.</returns>
    internal static int WriteExtension(Span<byte> datagram, in KeepaliveExtension extension, ReadOnlySpan<byte> key)
    {
        Span<byte> body = datagram[Gre.BaseLength..];
        int end = BodyLength;
        Magic.CopyTo(body[end..]);
        body[end + Magic.Length] = ExtensionVersion;
        end += ExtensionHeaderLength;

        if (extension.Capabilities is { } capabilities)
        {
            BinaryPrimitives.WriteUInt32BigEndian(
                Append(body, ref end, CapabilitiesType, CapabilitiesLength), (uint)capabilities);
        }

        if (extension.NextSequence is { } nextSequence)
        {
            BinaryPrimitives.WriteUInt32BigEndian(
                Append(body, ref end, NextSequenceType, NextSequenceLength), nextSequence);
        }

        if (extension.Instance is { } instance)
        {
            Span<byte> value = Append(body, ref end, InstanceType, InstanceLength);
            BinaryPrimitives.WriteUInt64BigEndian(value, instance.Id);
            BinaryPrimitives.WriteUInt64BigEndian(value[8..], instance.Counter);
        }

        if (extension.PeerInstance is { } peerInstance)
        {
            BinaryPrimitives.WriteUInt64BigEndian(
                Append(body, ref end, PeerInstanceType, PeerInstanceLength), peerInstance);
        }

        if (extension.Observed is { } observed)
        {
            WriteEndpoint(Append(body, ref end, ObservedType, EndpointLength), observed);
        }

        if (extension.Path is { } path)
        {
            Span<byte> value = Append(body, ref end, PathType, PathLength);
            value[0] = path.Sender;
            value[1] = path.Receiver ?? UnknownPath;
            value[2] = path.IsHeard ? HeardFlag : (byte)0;
        }

        if (extension.Source is { } source)
        {
            WriteEndpoint(Append(body, ref end, SourceType, EndpointLength), source);
        }

        if (extension.Timing is { } timing)
        {
            Span<byte> value = Append(body, ref end, TimingType, TimingLength);
            BinaryPrimitives.WriteUInt64BigEndian(value, timing.Sent);
            BinaryPrimitives.WriteUInt64BigEndian(value[8..], timing.Echo);
            BinaryPrimitives.WriteUInt32BigEndian(value[16..], timing.Held);
        }

        if (extension.Counts is { } counts)
        {
            Span<byte> value = Append(body, ref end, CountsType, CountsLength);
            BinaryPrimitives.WriteUInt64BigEndian(value, counts.Sent);
            BinaryPrimitives.WriteUInt64BigEndian(value[8..], counts.PeerSent);
            BinaryPrimitives.WriteUInt64BigEndian(value[16..], counts.PeerReceived);
        }

        if (extension.IsUnnumbered)
        {
            Append(body, ref end, UnnumberedType, 0);
        }

        if (!key.IsEmpty)
        {
            ReadOnlySpan<byte> authenticated = body[..end];
            HMACSHA256.HashData(key, authenticated, Append(body, ref end, AuthenticationType, AuthenticationLength));
        }

        return Gre.BaseLength + end;
    }

    /// <summary>Reads a keepalive and, where it is there and may be believed, the extension behind it.</summary>
    /// <param name="body">What follows the GRE header.</param>
    /// <param name="key">The ASCII bytes of auth_key where auth_type is 2; else empty.</param>
    /// <param name="info">What it says; empty with <see cref="KeepaliveStatus.NotKeepalive"/>.</param>
    internal static KeepaliveStatus TryParse(ReadOnlySpan<byte> body, ReadOnlySpan<byte> key, out KeepaliveInfo info)
    {
        if (body.Length < BodyLength || body[0] != Type)
        {
            info = default;
            return KeepaliveStatus.NotKeepalive;
        }

        info = new KeepaliveInfo
        {
            IPVersion = body[IPVersionOffset],
            SenderTunnel = MappedAddress.ReadInteger(body[SenderOffset..]),
            ReceiverTunnel = MappedAddress.ReadInteger(body[ReceiverOffset..]),
        };
        ReadOnlySpan<byte> tail = body[BodyLength..];
        if (!tail.StartsWith(Magic))
        {
            return KeepaliveStatus.Plain;
        }

        if (tail.Length < ExtensionHeaderLength || body.Length > MaximumBodyLength)
        {
            return KeepaliveStatus.ExtendedInvalid;
        }

        if (tail[Magic.Length] != ExtensionVersion)
        {
            return KeepaliveStatus.Plain;
        }

        if (!TryReadFields(body, out KeepaliveExtension extension, out int authenticationOffset))
        {
            return KeepaliveStatus.ExtendedInvalid;
        }

        KeepaliveStatus status = Authenticate(body, key, authenticationOffset);
        if (status == KeepaliveStatus.Extended)
        {
            info = info with { Extension = extension };
        }

        return status;
    }

    private static Span<byte> Append(Span<byte> body, ref int end, byte type, int length)
    {
        body[end] = type;
        body[end + 1] = (byte)length;
        Span<byte> value = body.Slice(end + 2, length);
        end += 2 + length;
        return value;
    }

    /// <summary>Reads the fields behind the extension's header.</summary>
    /// <param name="body">The keepalive's body.</param>
    /// <param name="extension">What they say.</param>
    /// <param name="authenticationOffset">Where in the body the authentication begins; 0 where there is none.</param>
    /// <returns>False where a field is cut off, comes twice, has a wrong length or value, or follows the
    /// authentication.</returns>
    private static bool TryReadFields(
        ReadOnlySpan<byte> body, out KeepaliveExtension extension, out int authenticationOffset)
    {
        extension = default;
        authenticationOffset = 0;
        int offset = BodyLength + ExtensionHeaderLength;
        while (offset < body.Length)
        {
            if (authenticationOffset != 0 || body.Length - offset < 2 || body.Length - offset - 2 < body[offset + 1])
            {
                return false;
            }

            ReadOnlySpan<byte> value = body.Slice(offset + 2, body[offset + 1]);
            if (body[offset] == AuthenticationType)
            {
                if (value.Length != AuthenticationLength)
                {
                    return false;
                }

                authenticationOffset = offset;
            }
            else if (!TryReadField(body[offset], value, ref extension))
            {
                return false;
            }

            offset += 2 + value.Length;
        }

        return true;
    }

    private static bool TryReadField(byte type, ReadOnlySpan<byte> value, ref KeepaliveExtension extension)
    {
        switch (type)
        {
            case CapabilitiesType when value.Length == CapabilitiesLength && extension.Capabilities is null:
                uint capabilities = BinaryPrimitives.ReadUInt32BigEndian(value);
                extension = extension with { Capabilities = (PeerCapabilities)capabilities };
                return true;
            case NextSequenceType when value.Length == NextSequenceLength && extension.NextSequence is null:
                extension = extension with { NextSequence = BinaryPrimitives.ReadUInt32BigEndian(value) };
                return true;
            case InstanceType when value.Length == InstanceLength && extension.Instance is null:
                extension = extension with
                {
                    Instance = new KeepaliveInstance(
                        BinaryPrimitives.ReadUInt64BigEndian(value), BinaryPrimitives.ReadUInt64BigEndian(value[8..])),
                };
                return true;
            case PeerInstanceType when value.Length == PeerInstanceLength && extension.PeerInstance is null:
                extension = extension with { PeerInstance = BinaryPrimitives.ReadUInt64BigEndian(value) };
                return true;
            case ObservedType when value.Length == EndpointLength && extension.Observed is null:
                extension = extension with { Observed = ReadEndpoint(value) };
                return value[0] == extension.Observed?.IPVersion;
            case PathType when value.Length == PathLength && extension.Path is null:
                byte? receiver = value[1] == UnknownPath ? null : value[1];
                extension = extension with { Path = new KeepalivePath(value[0], receiver, (value[2] & HeardFlag) != 0) };
                return true;
            case SourceType when value.Length == EndpointLength && extension.Source is null:
                extension = extension with { Source = ReadEndpoint(value) };
                return value[0] == extension.Source?.IPVersion;
            case TimingType when value.Length == TimingLength && extension.Timing is null:
                extension = extension with
                {
                    Timing = new KeepaliveTiming(
                        BinaryPrimitives.ReadUInt64BigEndian(value), BinaryPrimitives.ReadUInt64BigEndian(value[8..]),
                        BinaryPrimitives.ReadUInt32BigEndian(value[16..])),
                };
                return true;
            case CountsType when value.Length == CountsLength && extension.Counts is null:
                extension = extension with
                {
                    Counts = new KeepaliveCounts(
                        BinaryPrimitives.ReadUInt64BigEndian(value), BinaryPrimitives.ReadUInt64BigEndian(value[8..]),
                        BinaryPrimitives.ReadUInt64BigEndian(value[16..])),
                };
                return true;
            case UnnumberedType when value.IsEmpty && !extension.IsUnnumbered:
                extension = extension with { IsUnnumbered = true };
                return true;
            case CapabilitiesType or NextSequenceType or InstanceType or PeerInstanceType or ObservedType or PathType or SourceType
                or TimingType or CountsType or UnnumberedType:
                return false;
            default:
                return true;
        }
    }

    private static void WriteEndpoint(Span<byte> value, ObservedEndpoint endpoint)
    {
        value[0] = (byte)endpoint.IPVersion;
        BinaryPrimitives.WriteUInt16BigEndian(value[1..], endpoint.Port);
        MappedAddress.Write(value[3..], endpoint.Address);
    }

    private static ObservedEndpoint ReadEndpoint(ReadOnlySpan<byte> value) =>
        new(MappedAddress.ReadInteger(value[3..]), BinaryPrimitives.ReadUInt16BigEndian(value[1..]));

    private static KeepaliveStatus Authenticate(
        ReadOnlySpan<byte> body, ReadOnlySpan<byte> key, int authenticationOffset)
    {
        if (authenticationOffset == 0)
        {
            return key.IsEmpty ? KeepaliveStatus.Extended : KeepaliveStatus.AuthenticationMissing;
        }

        if (key.IsEmpty)
        {
            return KeepaliveStatus.AuthenticationFailed;
        }

        Span<byte> expected = stackalloc byte[AuthenticationLength];
        HMACSHA256.HashData(key, body[..authenticationOffset], expected);
        return CryptographicOperations.FixedTimeEquals(expected, body[(authenticationOffset + 2)..])
            ? KeepaliveStatus.Extended
            : KeepaliveStatus.AuthenticationFailed;
    }
}
