namespace MptTools.Engine.Tests.Wire;

/// <summary>The Internet checksum exactly as RFC 1071 section 4.1 spells it out: one word at a time.</summary>
public static class PlainChecksum
{
    public static ushort Of(ReadOnlySpan<byte> data)
    {
        long sum = 0;
        for (int i = 0; i < data.Length; i++)
        {
            sum += i % 2 == 0 ? data[i] << 8 : data[i];
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
