using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>A system call failed. <see cref="Errno"/> is the kernel's number, the message names the call and what it was for.</summary>
public sealed class SystemCallException : IOException
{
    internal SystemCallException(string what, int errno)
        : base($"{what}: {new Win32Exception(errno).Message} (errno {errno}).") => Errno = errno;

    /// <summary>The kernel's error number (errno(3)).</summary>
    public int Errno { get; }

    /// <summary>Throws for the last failed call of this thread.</summary>
    internal static SystemCallException Last(string what) => new(what, Marshal.GetLastPInvokeError());

    /// <summary>Passes a result through, or throws when it is negative.</summary>
    internal static int Check(int result, string what) => result >= 0 ? result : throw Last(what);
}
