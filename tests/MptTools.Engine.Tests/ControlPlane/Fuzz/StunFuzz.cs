using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>What comes from a STUN server, at a query that waits for it.</summary>
internal sealed unsafe class StunFuzz(int seed, GuardedMemory memory) : FuzzPart("STUN answers", seed)
{
    private const int Success = 0x0101, Error = 0x0111;

    protected override string Take()
    {
        byte[] transaction = new byte[Stun.TransactionLength];
        Random.NextBytes(transaction);
        StunQuery query = new(transaction, TimeSpan.Zero);
        bool isWhole = Random.Next(3) == 0;
        ObservedEndpoint sent = new(MappedAddress.ToInteger(new IPAddress(Bytes(Random.Next(2) == 0 ? 4 : 16))), (ushort)Random.Next(65536));
        byte[] datagram = isWhole ? Message(Success, transaction, Mapped(sent)) : Next(transaction, sent);
        ReadOnlySpan<byte> placed = new(memory.Place((int)(Messages % 2), datagram), datagram.Length);
        StunAnswer answer = Stun.Read(placed, transaction, out ObservedEndpoint seen, out int code);
        Check(!isWhole || (answer == StunAnswer.Mapped && seen == sent), "an undamaged answer gives the address it was made of");
        Check(answer == StunAnswer.Foreign || datagram.AsSpan(8, transaction.Length).SequenceEqual(transaction), "only an answer to this request counts");
        Check(answer != StunAnswer.Refused || code is 0 or (>= 300 and <= 699), "an error's code is one that there is");
        query.Receive(placed);
        Check(query.NextTick is null == (answer != StunAnswer.Foreign), "the query ends with its answer and waits on otherwise");
        Check(query.Seen == (answer == StunAnswer.Mapped ? seen : null) && query.Failure is null == (answer != StunAnswer.Refused), "the query says what the answer says");
        return answer == StunAnswer.Mapped ? "executed: Mapped" : $"refused: {answer}{(answer == StunAnswer.Refused && code > 0 ? " with a code" : "")}";
    }

    private byte[] Next(byte[] transaction, ObservedEndpoint sent)
    {
        switch (Random.Next(5))
        {
            case 0:
                return RandomBytes(100);
            case 1:
                return Damage(Message(Success, transaction, Mapped(sent)));
            case 2:
                return Damage(Message(Error, transaction, Attribute(9, [0, 0, (byte)Random.Next(8), (byte)Random.Next(120)])));
            case 3:
                return Message(Random.Next(3) == 0 ? Error : Success, transaction, Attribute(new[] { 1, 6, 9, 0x20, 0x8022, Random.Next(65536) }[Random.Next(6)], RandomBytes(24)), Mapped(sent));
            default:
                return Message(Success, Bytes(Stun.TransactionLength), Mapped(sent));
        }
    }

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        Random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mapped(ObservedEndpoint endpoint)
    {
        byte[] address = MappedAddress.ToIPAddress(endpoint.Address).GetAddressBytes();
        return Attribute(1, [0, (byte)(address.Length == 4 ? 1 : 2), (byte)(endpoint.Port >> 8), (byte)endpoint.Port, .. address]);
    }

    private static byte[] Attribute(int type, byte[] value) =>
        [(byte)(type >> 8), (byte)type, (byte)(value.Length >> 8), (byte)value.Length, .. value, .. new byte[-value.Length & 3]];

    private static byte[] Message(int type, byte[] transaction, params byte[][] attributes)
    {
        byte[] body = [.. attributes.SelectMany(attribute => attribute)];
        byte[] message = new byte[Stun.HeaderLength + body.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)body.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), 0x2112A442);
        transaction.CopyTo(message, 8);
        body.CopyTo(message, Stun.HeaderLength);
        return message;
    }
}
