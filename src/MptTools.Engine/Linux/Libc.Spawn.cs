using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

// Child processes: what System.Diagnostics.Process does not do is to put one into a session of its own.
internal static unsafe partial class Libc
{
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(out int processId, string path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport(Lib)]
    internal static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport(Lib)]
    internal static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(void* actions, int fd, string path, int flags, uint mode);

    [LibraryImport(Lib)]
    internal static partial int posix_spawn_file_actions_adddup2(void* actions, int oldFd, int newFd);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addchdir_np(void* actions, string path);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport(Lib)]
    internal static partial int sigemptyset(void* signals);

    [LibraryImport(Lib)]
    internal static partial int sigfillset(void* signals);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int pipe2(int* descriptors, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int waitpid(int processId, int* status, int options);

    /// <summary>More than any C library's posix_spawn_file_actions_t, posix_spawnattr_t or sigset_t takes.</summary>
    internal const int SpawnStructSize = 512;

    internal const short POSIX_SPAWN_SETSIGDEF = 0x04, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSID = 0x80;
    internal const int SIGKILL = 9, WNOHANG = 1;
}
