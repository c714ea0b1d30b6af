using System.Net.Sockets;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>Who is at the other end of a Unix socket, as the kernel says (unix(7), SO_PEERCRED): nobody can pretend to be another.</summary>
/// <param name="ProcessId">The process; 0 where it lives in a process namespace that cannot be seen from here.</param>
/// <param name="UserId">Its effective user.</param>
/// <param name="GroupId">Its effective group.</param>
internal readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    internal static unsafe PeerCredentials Of(Socket socket)
    {
        int* credentials = stackalloc int[3];
        uint length = 3 * sizeof(int);
        SystemCallException.Check(
            GetOption(socket, Libc.SO_PEERCRED, credentials, &length), "Asking who is at the other end of the control socket");
        return new(credentials[0], (uint)credentials[1], (uint)credentials[2]);
    }

    /// <summary>The supplementary groups of the other end when it connected.</summary>
    internal static unsafe uint[] GroupsOf(Socket socket)
    {
        uint[] groups = new uint[64];
        while (true)
        {
            uint length = (uint)(groups.Length * sizeof(uint));
            int result;
            fixed (uint* first = groups)
            {
                result = GetOption(socket, Libc.SO_PEERGROUPS, first, &length);
            }
            if (result >= 0)
            {
                return groups[..(int)(length / sizeof(uint))];
            }
            // ERANGE comes with the length that is needed.
            if (length <= groups.Length * sizeof(uint))
            {
                throw SystemCallException.Last("Asking for the groups of a client of the control socket");
            }
            groups = new uint[length / sizeof(uint)];
        }
    }

    private static unsafe int GetOption(Socket socket, int option, void* value, uint* length)
    {
        bool held = false;
        try
        {
            socket.SafeHandle.DangerousAddRef(ref held);
            return Libc.getsockopt((int)socket.SafeHandle.DangerousGetHandle(), Libc.SOL_SOCKET, option, value, length);
        }
        finally
        {
            if (held)
            {
                socket.SafeHandle.DangerousRelease();
            }
        }
    }
}
