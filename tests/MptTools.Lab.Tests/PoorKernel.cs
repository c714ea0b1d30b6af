using System.Runtime.InteropServices;
using System.Text;
using MptTools.Engine.Linux;
using static MptTools.Engine.Linux.Libc;

namespace MptTools.Lab.Tests;

/// <summary>What a kernel may lack or refuse.</summary>
[Flags]
public enum Lack
{
    /// <summary>Virtio headers of TUN devices.</summary>
    TunHeaders = 1,
    /// <summary>Segmentation offload of TUN devices.</summary>
    TunOffload = 2,
    /// <summary>UDP segmentation offload of TUN devices (before Linux 6.2).</summary>
    TunUdpOffload = 4,
    /// <summary>UDP_SEGMENT (before Linux 4.18).</summary>
    UdpSegment = 8,
    /// <summary>UDP_GRO (before Linux 5.0).</summary>
    UdpGro = 16,
    /// <summary>Merged packets, that are written to a TUN device in more than two pieces: known, but refused.</summary>
    MergedWrites = 32,
}

/// <summary>
/// Makes the kernel look poorer than it is to one program: a filter on system calls (seccomp(2)) that answers some of them as an older
/// kernel does. The filter is set in a process of this program, which then becomes the other one.
/// </summary>
internal static unsafe class PoorKernel
{
    internal const string Word = "lacking";

    // struct seccomp_data.
    private const uint Number = 0, FirstArgument = 16, ArgumentSize = 8;

    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfGreater = 0x25, JumpIfSet = 0x45, Return = 0x06;
    private const uint Allow = 0x7FFF_0000, Fail = 0x0005_0000;

    private static readonly bool IsX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    // The other architectures that .NET and Linux share have the numbers of asm-generic/unistd.h.
    private static readonly uint IoctlCall = IsX64 ? 16u : 29, WritevCall = IsX64 ? 20u : 66, SetsockoptCall = IsX64 ? 54u : 208;

    /// <summary>The command that runs a program on a poorer kernel.</summary>
    internal static string[] Command(Lack lacks, string program, params IEnumerable<string> arguments) =>
        [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", "exec", typeof(PoorKernel).Assembly.Location,
            Word, ((int)lacks).ToString(), program, .. arguments];

    /// <summary>Becomes the program of <see cref="Command"/>; returns only where that fails.</summary>
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        Install(Filter((Lack)int.Parse(arguments[0])));
        byte** pieces = Strings([.. arguments[1..]]);
        System.Collections.IDictionary variables = Environment.GetEnvironmentVariables();
        byte** environment = Strings([.. variables.Keys.Cast<string>().Select(name => $"{name}={variables[name]}")]);
        _ = execve(pieces[0], pieces, environment);
        throw SystemCallException.Last($"Becoming {arguments[1]}");
    }

    private static List<sock_filter> Filter(Lack lacks)
    {
        List<sock_filter> filter = [];
        void When(Lack lack, uint call, int errno, params (uint Argument, ushort Test, nuint Value)[] conditions)
        {
            if (!lacks.HasFlag(lack))
            {
                return;
            }
            // Each test that does not hold jumps behind the block.
            int left = 2 * conditions.Length + 1;
            filter.Add(new() { code = Load, k = Number });
            filter.Add(new() { code = JumpIfEqual, k = call, jf = (byte)left });
            foreach ((uint argument, ushort test, nuint value) in conditions)
            {
                left -= 2;
                filter.Add(new() { code = Load, k = FirstArgument + argument * ArgumentSize });
                filter.Add(new() { code = test, k = (uint)value, jf = (byte)left });
            }
            filter.Add(new() { code = Return, k = Fail | (uint)errno });
        }
        When(Lack.TunHeaders, IoctlCall, EINVAL, (1, JumpIfEqual, TUNGETFEATURES));
        When(Lack.TunOffload, IoctlCall, EINVAL, (1, JumpIfEqual, TUNSETOFFLOAD));
        When(Lack.TunUdpOffload, IoctlCall, EINVAL, (1, JumpIfEqual, TUNSETOFFLOAD), (2, JumpIfSet, TUN_F_USO4 | TUN_F_USO6));
        When(Lack.UdpSegment, SetsockoptCall, ENOPROTOOPT, (1, JumpIfEqual, SOL_UDP), (2, JumpIfEqual, UDP_SEGMENT));
        When(Lack.UdpGro, SetsockoptCall, ENOPROTOOPT, (1, JumpIfEqual, SOL_UDP), (2, JumpIfEqual, UDP_GRO));
        When(Lack.MergedWrites, WritevCall, EINVAL, (2, JumpIfGreater, 2));
        filter.Add(new() { code = Return, k = Allow });
        return filter;
    }

    private static void Install(List<sock_filter> filter)
    {
        fixed (sock_filter* instructions = CollectionsMarshal.AsSpan(filter))
        {
            sock_fprog program = new() { len = (ushort)filter.Count, filter = instructions };
            SystemCallException.Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "Giving up new privileges");
            SystemCallException.Check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (nuint)(&program), 0, 0), "Setting a filter on system calls");
        }
    }

    /// <summary>As execve(2) takes them; never freed, for the process becomes another one.</summary>
    private static byte** Strings(string[] texts)
    {
        byte** pointers = (byte**)NativeMemory.AllocZeroed((nuint)texts.Length + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < texts.Length; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(texts[i] + '\0');
            pointers[i] = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
            bytes.CopyTo(new Span<byte>(pointers[i], bytes.Length));
        }
        return pointers;
    }
}
