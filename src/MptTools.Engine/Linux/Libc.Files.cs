using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

// Files and what the base class library does not tell or do about them.
internal static unsafe partial class Libc
{
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int fsync(int fd);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int fchown(int fd, uint owner, uint group);

    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int directory, string path, int flags, uint mask, statx_buffer* result);

    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* realpath(string path, byte* resolved);

    internal const int AT_FDCWD = -100;
    internal const uint STATX_BASIC_STATS = 0x7ff;
    internal const int S_IFMT = 0xf000, S_IFREG = 0x8000;

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct statx_buffer
    {
        internal uint stx_mask, stx_blksize;
        internal ulong stx_attributes;
        internal uint stx_nlink, stx_uid, stx_gid;
        internal ushort stx_mode;
    }
}
