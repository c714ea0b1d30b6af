using System.Globalization;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>A thread of a server, as the kernel shows it.</summary>
/// <param name="Name">Its first 15 bytes.</param>
/// <param name="Wakeups">How often it has been given a processor since it began.</param>
/// <param name="SystemCall">The number of the call it sleeps in and the call's arguments; one word where it does not sleep.</param>
internal sealed record ServerThread(string Name, long Wakeups, string SystemCall)
{
    private const int EpollPwait2 = 441, PollOnX64 = 7, PpollOnArm64 = 73, FutexOnX64 = 202, FutexOnArm64 = 98;

    /// <summary>It waits for descriptors or for another thread, and no time ends that.</summary>
    internal bool SleepsForEver
    {
        get
        {
            string[] words = SystemCall.Split(' ');
            return words.Length > 6 && int.Parse(words[0], CultureInfo.InvariantCulture) switch
            {
                EpollPwait2 or FutexOnX64 or FutexOnArm64 => words[4] == "0x0",
                PollOnX64 => words[3] == "0xffffffff",
                PpollOnArm64 => words[3] == "0x0",
                _ => false,
            };
        }
    }

    /// <summary>The threads that the server itself has made, by name; not those of the runtime.</summary>
    internal static ServerThread[] Of(LabServer server)
    {
        string tasks = $"/proc/{server.Process.Id}/task";
        return
        [
            .. Directory.GetDirectories(tasks).Where(task => NameOf(task).StartsWith($"{server.Name} ", StringComparison.Ordinal)).Select(Read)
                .OrderBy(thread => thread.Name, StringComparer.Ordinal),
        ];
    }

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            // One of the runtime's that has ended meanwhile.
            return "";
        }
    }

    private static ServerThread Read(string task)
    {
        long wakeups = File.ReadLines($"{task}/status").Where(line => line.Contains("ctxt_switches:"))
            .Sum(line => long.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture));
        return new ServerThread(NameOf(task), wakeups, File.ReadAllText($"{task}/syscall"));
    }
}
