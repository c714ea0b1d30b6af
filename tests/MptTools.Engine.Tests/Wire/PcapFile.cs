using System.Buffers.Binary;

namespace MptTools.Engine.Tests.Wire;

/// <summary>One frame of a capture.</summary>
public sealed record PcapFrame(DateTime Time, byte[] Bytes);

/// <summary>Reads captures as tcpdump writes them on a PC: microseconds, little-endian, Ethernet.</summary>
public static class PcapFile
{
    private const uint Microseconds = 0xA1B2C3D4, Ethernet = 1;
    private const int FileHeaderLength = 24, FrameHeaderLength = 16;

    public static IReadOnlyList<PcapFrame> Read(string path)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        if (BinaryPrimitives.ReadUInt32LittleEndian(file) != Microseconds
            || BinaryPrimitives.ReadUInt32LittleEndian(file[20..]) != Ethernet)
        {
            throw new InvalidDataException($"{path} is not a little-endian capture of Ethernet frames in microseconds.");
        }

        List<PcapFrame> frames = [];
        for (ReadOnlySpan<byte> rest = file[FileHeaderLength..]; !rest.IsEmpty;)
        {
            uint seconds = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            uint microseconds = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            int captured = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]);
            int original = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]);
            if (captured != original)
            {
                throw new InvalidDataException($"Frame {frames.Count} of {path} was cut off when it was captured.");
            }

            frames.Add(new PcapFrame(
                DateTime.UnixEpoch.AddSeconds(seconds).AddMicroseconds(microseconds),
                rest.Slice(FrameHeaderLength, captured).ToArray()));
            rest = rest[(FrameHeaderLength + captured)..];
        }

        return frames;
    }
}
