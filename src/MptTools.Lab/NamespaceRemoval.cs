using MptTools.Engine.Linux;

namespace MptTools.Lab;

/// <summary>Takes namespaces away together with every process that still lives in them.</summary>
internal static class NamespaceRemoval
{
    private const int SIGKILL = 9;
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(5);

    internal static void Remove(string namespaceName)
    {
        KillProcesses(namespaceName);
        CommandResult removed = SystemCommand.Run(SystemCommand.Require("ip", "iproute2"), ["netns", "delete", namespaceName]);
        if (!removed.Succeeded && File.Exists(Path.Combine(LabNames.Directory, namespaceName)))
        {
            removed.EnsureSuccess();
        }
    }

    /// <summary>Removes what labs of dead processes left. Another process may be doing the same at the same
    /// time.</summary>
    internal static IReadOnlyList<string> RemoveStale()
    {
        string[] stale = [.. LabNames.Stale(LabNames.All())];
        foreach (string name in stale)
        {
            Remove(name);
        }
        return stale;
    }

    /// <summary>Kills every process in a namespace but this one, and waits until they are gone.</summary>
    internal static void KillProcesses(string namespaceName)
    {
        CommandResult listed = SystemCommand.Run(SystemCommand.Require("ip", "iproute2"), ["netns", "pids", namespaceName]);
        if (!listed.Succeeded)
        {
            // The namespace went away meanwhile, and deleting it tells whether that is so.
            return;
        }
        foreach (string pid in listed.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            KillAndWait(int.Parse(pid));
        }
    }

    // By process descriptor: the number could belong to someone else between two calls, the descriptor cannot.
    private static unsafe void KillAndWait(int pid)
    {
        if (pid == Environment.ProcessId)
        {
            return;
        }
        int descriptor = Libc.pidfd_open(pid);
        if (descriptor < 0)
        {
            return;
        }
        try
        {
            Libc.pidfd_send_signal(descriptor, SIGKILL);
            var ended = new Libc.pollfd { fd = descriptor, events = Libc.POLLIN };
            Libc.poll(&ended, 1, (int)KillTimeout.TotalMilliseconds);
        }
        finally
        {
            Libc.close(descriptor);
        }
    }
}
