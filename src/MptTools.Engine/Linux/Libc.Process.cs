using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

// What a process does with itself.
internal static unsafe partial class Libc
{
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int setsid();

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int dup2(int oldFd, int newFd);
}
