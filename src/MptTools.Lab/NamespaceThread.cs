using System.Runtime.ExceptionServices;
using MptTools.Engine.Linux;

namespace MptTools.Lab;

/// <summary>
/// Runs code on a thread of its own inside a network namespace. The thread ends with the code, so no thread that
/// anyone else gets to use is ever left in the wrong namespace.
/// </summary>
internal static class NamespaceThread
{
    internal static T Run<T>(string namespaceName, Func<T> function)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(namespaceName);
                result = function();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = namespaceName };
        thread.UnsafeStart();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    /// <summary>Writes a file below /proc/sys/net, which shows every thread the values of its own namespace.</summary>
    internal static void WriteFile(string namespaceName, string path, string text) => Run(namespaceName, () =>
    {
        File.WriteAllText(path, text);
        return true;
    });

    private static void Enter(string namespaceName)
    {
        string path = Path.Combine(LabNames.Directory, namespaceName);
        int fd = SystemCallException.Check(
            Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC), $"Opening the network namespace {namespaceName}");
        try
        {
            SystemCallException.Check(
                Libc.setns(fd, Libc.CLONE_NEWNET), $"Entering the network namespace {namespaceName}");
        }
        finally
        {
            Libc.close(fd);
        }
    }
}
