using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Addresses and smaller networks out of a network, by number.</summary>
internal static class Subnets
{
    private const int Wider = 8;

    /// <summary>Reads a network such as 10.0.0.0/24.</summary>
    /// <exception cref="ArgumentException">It is none; the message says what would be right.</exception>
    internal static IPNetwork Parse(string text)
    {
        if (AddressText.ParsePrefix(text.Trim()) is not { PrefixLength: >= 0 } given)
        {
            throw new ArgumentException($"'{text}' is no network. Write an address with a prefix length, such as 10.0.0.0/24 or fd00::/64.");
        }
        IPNetwork network = AddressText.Network(given.Address, given.PrefixLength);
        return network.BaseAddress.Equals(given.Address)
            ? network
            : throw new ArgumentException($"'{text}' has bits behind its prefix. Write {network} for the network.");
    }

    /// <summary>The addresses of the two ends: the first two that hosts can have.</summary>
    /// <exception cref="ArgumentException">There is no room for two.</exception>
    internal static (IPAddress Local, IPAddress Remote) Ends(IPNetwork network)
    {
        int free = Bits(network.BaseAddress) - network.PrefixLength;
        // RFC 3021 and RFC 6164: a network of two addresses has no others than the two ends'.
        int first = free > 1 ? 1 : 0;
        return free > 0
            ? (Address(network, (UInt128)first), Address(network, (UInt128)first + 1))
            : throw new ArgumentException($"{network} is a single address and has no room for two ends. Write a shorter prefix, such as /{Bits(network.BaseAddress) - 2}.");
    }

    /// <summary>The n-th smaller network, from 0: one of 8 bits more, as far as these leave room for two hosts.</summary>
    /// <exception cref="ArgumentException">There are not so many.</exception>
    internal static IPNetwork Nth(IPNetwork network, int n)
    {
        int bits = Bits(network.BaseAddress);
        int length = Math.Min(network.PrefixLength + Wider, bits - 2);
        // From 1 where there are plenty: 10.1.1.0/24 for the first path reads better than 10.1.0.0/24.
        int number = length == network.PrefixLength + Wider ? n + 1 : n;
        return length > network.PrefixLength && number < 1 << (length - network.PrefixLength)
            ? new IPNetwork(Address(network, (UInt128)number << (bits - length)), length)
            : throw new ArgumentException($"{network} has no room for {n + 1} links. Write a shorter prefix.");
    }

    private static int Bits(IPAddress address) => AddressText.Version(address) == 4 ? 32 : 128;

    private static IPAddress Address(IPNetwork network, UInt128 offset)
    {
        byte[] bytes = network.BaseAddress.GetAddressBytes();
        if (bytes.Length == 4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) + (uint)offset);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(bytes, BinaryPrimitives.ReadUInt128BigEndian(bytes) + offset);
        }
        return new IPAddress(bytes);
    }
}
