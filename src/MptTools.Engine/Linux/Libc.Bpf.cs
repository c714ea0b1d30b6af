using System.Runtime.InteropServices;

#pragma warning disable CS8981 // The kernel's type names are lower case.

namespace MptTools.Engine.Linux;

// bpf(2), which the C library has no function for.
internal static unsafe partial class Libc
{
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, void* second, nint third);

    internal const int BPF_PROG_LOAD = 5, BPF_PROG_TYPE_SOCKET_FILTER = 1;
    internal const nuint TUNSETSTEERINGEBPF = 0x800454e0;

    /// <summary>The number of the system call; negative where it is not known.</summary>
    internal static nint SYS_bpf => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 321,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 280,
        Architecture.Arm => 386,
        _ => -1,
    };

    /// <summary>The beginning of union bpf_attr as BPF_PROG_LOAD has it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct bpf_attr_prog_load
    {
        internal uint prog_type, insn_cnt;
        internal ulong insns, license;
        internal uint log_level, log_size;
        internal ulong log_buf;
        internal uint kern_version, prog_flags;
    }
}
