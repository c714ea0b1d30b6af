using MptTools.Engine.Linux;

namespace MptTools.Lab;

/// <summary>What this machine must have for a lab: Linux, root, the program ip, /dev/net/tun and network
/// namespaces.</summary>
public static class LabRequirements
{
    /// <summary>Says in one sentence why no lab can be made here and what to do about it.</summary>
    /// <returns>The sentence, or null when a lab can be made.</returns>
    public static string? WhyUnavailable()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "A lab is made of Linux network namespaces; run it on Linux.";
        }
        if (Libc.geteuid() != 0)
        {
            return "A lab needs root to make network namespaces; run it with sudo.";
        }
        if (SystemCommand.Find("ip") is null)
        {
            return "A lab needs the program ip; install the package iproute2.";
        }
        return WhyNoTun() ?? WhyNoNamespaces();
    }

    private static string? WhyNoTun()
    {
        const string device = "/dev/net/tun";
        int fd = Libc.open(device, Libc.O_RDWR | Libc.O_CLOEXEC);
        if (fd >= 0)
        {
            Libc.close(fd);
            return null;
        }
        return File.Exists(device)
            ? $"The device {device} cannot be opened ({SystemCallException.Last("open").Message}); " +
                "load the module with 'modprobe tun', or allow the device in the container."
            : $"The device {device} is not there; load the module with 'modprobe tun', or pass the device to the container.";
    }

    private static string? WhyNoNamespaces()
    {
        string? why = null;
        // A new namespace holds for the thread that made it and goes away with it.
        var thread = new Thread(() =>
        {
            if (Libc.unshare(Libc.CLONE_NEWNET) < 0)
            {
                why = $"This system refuses new network namespaces ({SystemCallException.Last("unshare").Message}); " +
                    "a container needs the capability CAP_SYS_ADMIN.";
            }
        });
        thread.UnsafeStart();
        thread.Join();
        return why;
    }
}
