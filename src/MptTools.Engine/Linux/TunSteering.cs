using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>
/// Has the kernel put every packet of a flow into the same queue of a TUN device, for ever. By itself it moves a flow to the
/// queue that an answer was last written to: packets of the flow that wait in the old queue are then overtaken, and all flows
/// of a peer end up in one queue.
/// </summary>
/// <remarks>
/// A small program that the kernel runs for each packet (bpf(2), TUNSETSTEERINGEBPF of Linux 4.16). It hashes the addresses,
/// and of TCP and UDP packets that are no fragments the ports.
/// </remarks>
internal static unsafe class TunSteering
{
    private const byte Tcp = 6, Udp = 17;

    /// <summary>Odd, with bits all over: multiplying carries every bit upwards.</summary>
    private const int Multiplier1 = unchecked((int)0x9E3779B1), Multiplier2 = unchecked((int)0x85EBCA6B);

    // Registers: the loads below expect the packet in 6 and answer in 0; 1 to 5 do not outlive a load.
    private const byte R0 = 0, R1 = 1, Packet = 6, Hash = 7, Protocol = 8, Ports = 9;

    // Instructions (RFC 9669), those on the lower 32 bits of registers where there is a choice.
    private const byte LoadByte = 0x30, LoadHalf = 0x28, LoadWord = 0x20, LoadWordAt = 0x40,
        Move64 = 0xBF, Move = 0xBC, MoveConstant = 0xB4, Xor = 0xAC, And = 0x54, ShiftLeft = 0x64, ShiftRight = 0x74, Multiply = 0x24,
        Jump = 0x05, JumpIfEqual = 0x15, JumpUnlessEqual = 0x55, Exit = 0x95;

    private static readonly ulong[] Program = Assemble();

    /// <summary>Has it done for a device with several queues.</summary>
    /// <param name="tun">A descriptor of the device.</param>
    /// <returns>0, or the error's number: the kernel is too old, or the process may not.</returns>
    internal static int TryAttach(int tun)
    {
        fixed (ulong* instructions = Program)
        fixed (byte* license = "MIT\0"u8)
        {
            Libc.bpf_attr_prog_load load = new()
            {
                prog_type = Libc.BPF_PROG_TYPE_SOCKET_FILTER,
                insn_cnt = (uint)Program.Length,
                insns = (ulong)instructions,
                license = (ulong)license,
            };
            int program = (int)Libc.syscall(Libc.SYS_bpf, Libc.BPF_PROG_LOAD, &load, sizeof(Libc.bpf_attr_prog_load));
            if (program < 0)
            {
                return Marshal.GetLastPInvokeError();
            }
            int attached = Libc.ioctl(tun, Libc.TUNSETSTEERINGEBPF, &program);
            int errno = attached < 0 ? Marshal.GetLastPInvokeError() : 0;
            // The device keeps the program.
            _ = Libc.close(program);
            return errno;
        }
    }

    private static ulong[] Assemble()
    {
        List<ulong> program = [];
        List<int> toV4 = [], toPorts = [], toLoad = [], toEnd = [];
        Add(Move64, Packet, R1);
        Add(MoveConstant, Hash);
        Add(LoadByte, constant: 0);
        Add(ShiftRight, R0, constant: 4);
        AddJump(toV4, JumpIfEqual, R0, 4);
        AddJump(toEnd, JumpUnlessEqual, R0, 6);

        for (int word = 8; word < 40; word += 4)
        {
            AddHash(LoadWord, constant: word);
        }
        Add(LoadByte, constant: 6);
        Add(Move, Protocol, R0);
        Add(MoveConstant, Ports, constant: 40);
        AddJump(toPorts, Jump);

        Land(toV4);
        AddHash(LoadWord, constant: 12);
        AddHash(LoadWord, constant: 16);
        Add(LoadHalf, constant: 6);
        Add(And, R0, constant: 0x3FFF);
        AddJump(toEnd, JumpUnlessEqual, R0, 0);
        Add(LoadByte, constant: 9);
        Add(Move, Protocol, R0);
        Add(LoadByte, constant: 0);
        Add(And, R0, constant: 15);
        Add(ShiftLeft, R0, constant: 2);
        Add(Move, Ports, R0);

        Land(toPorts);
        AddJump(toLoad, JumpIfEqual, Protocol, Tcp);
        AddJump(toEnd, JumpUnlessEqual, Protocol, Udp);
        Land(toLoad);
        AddHash(LoadWordAt, source: Ports);

        // The kernel takes the remainder, so the low bits must depend on all others.
        Land(toEnd);
        AddFold(16);
        Add(Multiply, Hash, constant: Multiplier2);
        AddFold(13);
        Add(Multiply, Hash, constant: Multiplier1);
        AddFold(16);
        Add(Move, R0, Hash);
        Add(Exit);
        return [.. program];

        void Add(byte code, byte destination = 0, byte source = 0, short offset = 0, int constant = 0) =>
            program.Add(code | (ulong)destination << 8 | (ulong)source << 12 | (ulong)(ushort)offset << 16 | (ulong)(uint)constant << 32);

        void AddHash(byte load, byte source = 0, int constant = 0)
        {
            Add(load, source: source, constant: constant);
            Add(Multiply, Hash, constant: Multiplier1);
            Add(Xor, Hash, R0);
        }

        void AddFold(int shift)
        {
            Add(Move, R0, Hash);
            Add(ShiftRight, R0, constant: shift);
            Add(Xor, Hash, R0);
        }

        void AddJump(List<int> jumps, byte code, byte destination = 0, int constant = 0)
        {
            jumps.Add(program.Count);
            Add(code, destination, constant: constant);
        }

        void Land(List<int> jumps) => jumps.ForEach(jump => program[jump] |= (ulong)(ushort)(program.Count - jump - 1) << 16);
    }
}
