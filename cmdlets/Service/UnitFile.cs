using System.Text;

namespace MptTools.Cmdlets;

/// <summary>The text of a systemd unit that runs a server, and where such units are.</summary>
internal static class UnitFile
{
    /// <summary>Where an administrator's units belong (systemd.unit(5)).</summary>
    internal const string SystemDirectory = "/etc/systemd/system";

    /// <summary>The name of the only service of a host that has no need for others.</summary>
    internal const string DefaultName = "mpttools";

    /// <summary>The first line of every unit of ours: what lacks it was written by somebody else and is left alone.</summary>
    internal const string Mark = "# Written by Register-MptService of MptTools.";

    private const string Ending = ".service";

    /// <summary>The file of a service.</summary>
    internal static string PathOf(string directory, string name) => Path.Combine(directory, name + Ending);

    /// <summary>The names of the services in a directory whose units are ours.</summary>
    internal static IReadOnlyList<string> NamesIn(string directory) => Directory.Exists(directory)
        ? [.. Directory.EnumerateFiles(directory, "*" + Ending).Where(IsOurs).Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>A unit was written by us.</summary>
    internal static bool IsOurs(string file)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault() is { } first && first.StartsWith(Mark, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A link to nowhere, as a masked or removed unit leaves one.
            return false;
        }
    }

    /// <summary>The value of a setting in a unit, such as ExecStart; null where it has none.</summary>
    internal static string? Setting(string file, string key) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith($"{key}=", StringComparison.Ordinal))?[(key.Length + 1)..];

    /// <summary>The text of a unit.</summary>
    /// <param name="program">The full path of mptsrv.</param>
    /// <param name="configuration">The full path of the configuration directory.</param>
    /// <param name="watchdogSeconds">How long the server may give no sign of life; 0: for ever.</param>
    /// <param name="logLevel">The least grave events in the journal.</param>
    /// <param name="runtimes">Directories where a runtime is that PATH may not lead to.</param>
    internal static string Render(string program, string configuration, int watchdogSeconds, string logLevel, IEnumerable<string> runtimes)
    {
        string path = string.Join(':', ((string[])["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]).Concat(runtimes).Distinct());
        var text = new StringBuilder();
        text.Append($"""
            {Mark}
            # Changes of your own belong into a file of their own (systemctl edit), which outlives the next Register-MptService -Force.

            [Unit]
            Description=Multipath tunnel of {Escaped(configuration)}
            Documentation=man:systemd.service(5)
            After=network.target

            [Service]
            Type=notify
            ExecStart={Word(program)} --config {Word(configuration)} --log-level {logLevel}
            ExecReload=/bin/kill -HUP $MAINPID
            Restart=on-failure
            RestartSec=5
            # Wrong usage, and faults in the files: trying again does not mend them.
            RestartPreventExitStatus=2 3
            # Hooks may take 20 seconds when the server stops; what they leave running ends with the service.
            TimeoutStopSec=45
            KillMode=mixed

            """);
        if (watchdogSeconds > 0)
        {
            text.Append($"WatchdogSec={watchdogSeconds}\n");
        }
        text.Append($"""
            Environment=PATH={Word(path)}
            Environment=DOTNET_EnableDiagnostics=0

            # Devices, addresses, routes and marks take CAP_NET_ADMIN; ports below 1024 CAP_NET_BIND_SERVICE; queues that keep a flow together,
            # with four threads and more, CAP_BPF; saved files keep their owner and group by CAP_CHOWN. Hooks have no more than these.
            CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_BPF CAP_CHOWN
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectHome=read-only
            ProtectKernelTunables=yes
            ProtectControlGroups=yes
            # Saving writes here; a missing directory is told by the server, which knows how to say it.
            ReadWritePaths={Word("-" + configuration)}

            """);
        if (!IsTemporary(program) && !IsTemporary(configuration))
        {
            text.Append("PrivateTmp=yes\n");
        }
        text.Append("""

            [Install]
            WantedBy=multi-user.target

            """);
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static bool IsTemporary(string path) =>
        path.StartsWith("/tmp/", StringComparison.Ordinal) || path.StartsWith("/var/tmp/", StringComparison.Ordinal);

    // systemd.syntax(7) and systemd.unit(5): a percent sign begins a specifier, and a dollar sign a variable of ExecStart.
    private static string Escaped(string text) => text.Replace("%", "%%", StringComparison.Ordinal);

    private static string Word(string text)
    {
        string escaped = Escaped(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal);
        return escaped.Any(c => char.IsWhiteSpace(c) || c is '\'' or '"' or ';') ? $"\"{escaped}\"" : escaped;
    }
}
