using System.Runtime.InteropServices;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class VirtioHeaderTests
{
    [Fact]
    public void FieldsStandWhereTheKernelHasThem()
    {
        VirtioHeader header = new()
        {
            Flags = VirtioHeader.NeedsChecksum,
            SegmentationType = VirtioHeader.TcpIPv6 | VirtioHeader.Ecn,
            HeaderLength = 60,
            SegmentSize = 1428,
            ChecksumStart = 40,
            ChecksumOffset = 16,
        };
        byte[] bytes = new byte[VirtioHeader.Length];
        header.Write(bytes);
        // Linux: include/uapi/linux/virtio_net.h. The words are in the machine's byte order.
        Assert.Equal([1, 0x84], bytes[..2]);
        Assert.Equal([60, 1428, 40, 16], MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan(2)).ToArray());
        Assert.Equal(header, VirtioHeader.Read([.. bytes, 0xFF]));
        Assert.Equal(10, Marshal.SizeOf<VirtioHeader>());
    }

    [Fact]
    public void ABufferThatIsTooShortIsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => VirtioHeader.Read(new byte[9]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new VirtioHeader().Write(new byte[9]));
    }
}
