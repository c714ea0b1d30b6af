using System.Buffers.Binary;

namespace MptTools.Engine.Wire;

/// <summary>What one server asks of another: the first byte of a control message.</summary>
internal enum ControlKind : byte
{
    /// <summary>A path of the connection changed its status.</summary>
    PathStatus = 0xA2,
    /// <summary>Create the other half of a connection.</summary>
    Create = 0xA3,
}

/// <summary>How a control message is authenticated: its third byte, <c>auth_type</c> of the connection.</summary>
internal enum ControlAuthentication : byte
{
    /// <summary>Not at all.</summary>
    None = 0,
    /// <summary>By a random number, which only who receives at the requester's address can repeat.</summary>
    Random = 1,
    /// <summary>By the random number and SHA-256 over message and key.</summary>
    Sha256 = 2,
}

/// <summary>The second byte of the last answer. Values that are not listed have been given no meaning yet.</summary>
internal enum ControlResult : byte
{
    /// <summary>Carried out.</summary>
    Done = 0,
    /// <summary>The data cannot be read.</summary>
    Unreadable = 4,
    /// <summary>There is a connection between these two tunnel addresses already.</summary>
    Exists = 5,
}

/// <summary>What is wrong with a datagram that should be a control message.</summary>
internal enum ControlError
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Another kind of message.</summary>
    NotControl,
    /// <summary>It ends inside the part before the payload.</summary>
    TooShort,
    /// <summary>An authentication type that does not exist, or one other than SHA-256 in a create.</summary>
    AuthenticationType,
    /// <summary>The length of the authentication data is not the one of its type.</summary>
    AuthenticationLength,
    /// <summary>A round that does not exist.</summary>
    Round,
    /// <summary>Neither 4 nor 6.</summary>
    IPVersion,
    /// <summary>A byte that must be zero is not.</summary>
    Reserved,
    /// <summary>A tunnel address is not of the message's IP version.</summary>
    AddressFamily,
    /// <summary>A status that does not exist, or something where the second byte must be zero.</summary>
    Code,
    /// <summary>The payload has a length that its kind and round do not allow.</summary>
    PayloadLength,
    /// <summary>The first round announces data of a length that its kind does not allow.</summary>
    AnnouncedLength,
}

/// <summary>A message between two servers: one of the four rounds of a path status change or a create.</summary>
/// <remarks>Rounds 1 and 3 are requests, 2 and 4 the answers to them.</remarks>
internal readonly ref struct ControlMessage
{
    /// <summary>Length in bytes of a message without authentication data and payload.</summary>
    internal const int BaseLength = 40;
    /// <summary>Most bytes of data round 3 or 4 may carry: twice what the largest configuration takes as text.</summary>
    internal const int MaximumDataLength = 16384;
    /// <summary>Bytes at the start of a create's text that its reader skips; without more it is none.</summary>
    private const int SkippedTextLength = 4;
    /// <summary>Length in bytes of the payload of rounds 1 and 2.</summary>
    internal const int AnnouncementLength = sizeof(uint);
    /// <summary>Longest message, in bytes.</summary>
    internal const int MaximumLength = BaseLength + Sha256Length + MaximumDataLength;
    /// <summary>The number of rounds.</summary>
    internal const int Rounds = 4;

    /// <summary>Where a SHA-256 hash stands, and how long it is, in bytes.</summary>
    internal const int HashOffset = 8, HashLength = 32;

    private const int CodeOffset = 1, TypeOffset = 2, LengthOffset = 3, AuthenticationOffset = 4;
    private const int RandomLength = sizeof(uint), Sha256Length = RandomLength + HashLength;

    // Behind the authentication data:
    private const int RoundOffset = 4, IPVersionOffset = 5, ReservedOffset = 6, RequesterOffset = 8, ResponderOffset = 24;

    private const byte StatusUp = 0, StatusDown = 128;

    /// <summary>What is asked.</summary>
    internal ControlKind Kind { get; init; }
    /// <summary>The path's new status (0 or 128) in the requests of a status change, the <see cref="ControlResult"/> in
    /// round 4, else 0.</summary>
    internal byte Code { get; init; }
    /// <summary>How it is authenticated.</summary>
    internal ControlAuthentication Authentication { get; init; }
    /// <summary>The random number; 0 in round 1 and without authentication.</summary>
    internal uint Random { get; init; }
    /// <summary>1 to 4.</summary>
    internal int Round { get; init; }
    /// <summary>The connection's ip_ver, 4 or 6: the version of both tunnel addresses.</summary>
    internal int IPVersion { get; init; }
    /// <summary>The tunnel address of who asks, as a number (see <see cref="MappedAddress"/>), in requests and answers.</summary>
    internal UInt128 RequesterTunnel { get; init; }
    /// <summary>The tunnel address of who answers, likewise.</summary>
    internal UInt128 ResponderTunnel { get; init; }
    /// <summary>What follows the addresses.</summary>
    internal ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>Rounds 1 and 3.</summary>
    internal bool IsRequest => Round is 1 or 3;

    /// <summary>The length in bytes of the message.</summary>
    internal int Length => BaseLength + AuthenticationLength(Authentication) + Payload.Length;

    /// <summary>The length in bytes of round 3's payload, as rounds 1 and 2 say it. Little-endian, as nothing else here.</summary>
    internal uint AnnouncedLength => BinaryPrimitives.ReadUInt32LittleEndian(Payload);

    /// <summary>Writes the payload of rounds 1 and 2.</summary>
    /// <param name="payload">At least <see cref="AnnouncementLength"/> bytes.</param>
    /// <param name="length">The length in bytes of the data to come.</param>
    internal static void WriteAnnouncement(Span<byte> payload, int length) =>
        BinaryPrimitives.WriteUInt32LittleEndian(payload, (uint)length);

    /// <summary>The length in bytes of the authentication data: 0, 4 or 36.</summary>
    internal static int AuthenticationLength(ControlAuthentication type) => type switch
    {
        ControlAuthentication.Random => RandomLength,
        ControlAuthentication.Sha256 => Sha256Length,
        _ => 0,
    };

    /// <summary>Whether the data of round 3 may have a length, in bytes.</summary>
    internal static bool IsDataLength(ControlKind kind, uint length) => kind == ControlKind.PathStatus
        ? length == PathStatusData.Length
        : length is >= SkippedTextLength and <= MaximumDataLength;

    /// <summary>Reads a message. Whether it is authentic is not looked at: <see cref="ControlHash.Fits"/>.</summary>
    /// <param name="datagram">The UDP payload.</param>
    /// <param name="message">What it says, its payload still inside <paramref name="datagram"/>; empty with an error.</param>
    internal static ControlError TryParse(ReadOnlySpan<byte> datagram, out ControlMessage message)
    {
        message = default;
        if (datagram.IsEmpty || (ControlKind)datagram[0] is not (ControlKind.PathStatus or ControlKind.Create))
        {
            return ControlError.NotControl;
        }
        if (datagram.Length < BaseLength)
        {
            return ControlError.TooShort;
        }
        var kind = (ControlKind)datagram[0];
        var type = (ControlAuthentication)datagram[TypeOffset];
        if (type > ControlAuthentication.Sha256 || (kind == ControlKind.Create && type != ControlAuthentication.Sha256))
        {
            return ControlError.AuthenticationType;
        }
        int length = AuthenticationLength(type);
        if (datagram[LengthOffset] != length)
        {
            return ControlError.AuthenticationLength;
        }
        if (datagram.Length < BaseLength + length)
        {
            return ControlError.TooShort;
        }
        ReadOnlySpan<byte> rest = datagram[length..];
        var parsed = new ControlMessage
        {
            Kind = kind,
            Code = datagram[CodeOffset],
            Authentication = type,
            Random = length > 0 ? BinaryPrimitives.ReadUInt32BigEndian(datagram[AuthenticationOffset..]) : 0,
            Round = rest[RoundOffset],
            IPVersion = rest[IPVersionOffset],
            RequesterTunnel = MappedAddress.ReadInteger(rest[RequesterOffset..]),
            ResponderTunnel = MappedAddress.ReadInteger(rest[ResponderOffset..]),
            Payload = rest[BaseLength..],
        };
        ControlError error = parsed.Round is < 1 or > Rounds ? ControlError.Round
            : parsed.IPVersion is not (4 or 6) ? ControlError.IPVersion
            : rest[ReservedOffset] != 0 || rest[ReservedOffset + 1] != 0 ? ControlError.Reserved
            : !parsed.AddressesFit ? ControlError.AddressFamily
            : !parsed.CodeFits ? ControlError.Code
            : parsed.CheckPayload();
        if (error == ControlError.None)
        {
            message = parsed;
        }
        return error;
    }

    /// <summary>Writes the message.</summary>
    /// <param name="datagram">At least <see cref="Length"/> bytes.</param>
    /// <param name="key">For SHA-256, of <see cref="ControlHash.KeyOf"/>; else not looked at.</param>
    /// <returns>The bytes written, <see cref="Length"/>.</returns>
    internal int Write(Span<byte> datagram, ReadOnlySpan<byte> key)
    {
        Span<byte> whole = datagram[..Length];
        int length = AuthenticationLength(Authentication);
        whole[..(BaseLength + length)].Clear();
        whole[0] = (byte)Kind;
        whole[CodeOffset] = Code;
        whole[TypeOffset] = (byte)Authentication;
        whole[LengthOffset] = (byte)length;
        if (length > 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(whole[AuthenticationOffset..], Random);
        }
        Span<byte> rest = whole[length..];
        rest[RoundOffset] = (byte)Round;
        rest[IPVersionOffset] = (byte)IPVersion;
        MappedAddress.Write(rest[RequesterOffset..], RequesterTunnel);
        MappedAddress.Write(rest[ResponderOffset..], ResponderTunnel);
        Payload.CopyTo(rest[BaseLength..]);
        if (Authentication == ControlAuthentication.Sha256)
        {
            ControlHash.Compute(whole, key, whole.Slice(HashOffset, HashLength));
        }
        return whole.Length;
    }

    private bool AddressesFit =>
        MappedAddress.IsIPv4(RequesterTunnel) == (IPVersion == 4) && MappedAddress.IsIPv4(ResponderTunnel) == (IPVersion == 4);

    private bool CodeFits => Round switch
    {
        4 => true,
        2 => Code == 0,
        _ => Code == StatusUp || (Kind == ControlKind.PathStatus && Code == StatusDown),
    };

    private ControlError CheckPayload()
    {
        bool isStatus = Kind == ControlKind.PathStatus;
        bool fits = Round switch
        {
            1 or 2 => Payload.Length == AnnouncementLength,
            3 => IsDataLength(Kind, (uint)Payload.Length),
            _ => Payload.Length <= (isStatus ? 0 : MaximumDataLength),
        };
        return !fits ? ControlError.PayloadLength
            : Round <= 2 && !IsDataLength(Kind, AnnouncedLength) ? ControlError.AnnouncedLength
            : ControlError.None;
    }
}
