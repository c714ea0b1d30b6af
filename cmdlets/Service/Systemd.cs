using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace MptTools.Cmdlets;

/// <summary>The service manager of this host, where it is systemd.</summary>
internal static class Systemd
{
    private const string Ending = ".service";

    /// <summary>It runs (sd_booted(3)).</summary>
    internal static bool IsRunning => Directory.Exists("/run/systemd/system");

    /// <summary>Runs systemctl.</summary>
    /// <exception cref="InvalidOperationException">It could not be run or has failed; the message has its words.</exception>
    internal static async Task<string> Control(params string[] arguments)
    {
        var start = new ProcessStartInfo("systemctl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        try
        {
            using Process systemctl = Process.Start(start)!;
            systemctl.StandardInput.Close();
            Task<string> output = systemctl.StandardOutput.ReadToEndAsync();
            string errors = await systemctl.StandardError.ReadToEndAsync().ConfigureAwait(false);
            await systemctl.WaitForExitAsync().ConfigureAwait(false);
            return systemctl.ExitCode == 0
                ? await output.ConfigureAwait(false)
                : throw new InvalidOperationException($"'systemctl {string.Join(' ', arguments)}' has failed: {errors.Trim()}");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"systemctl cannot be run: {e.Message}", e);
        }
    }

    /// <summary>The service whose main process this is; null where it is none.</summary>
    /// <exception cref="InvalidOperationException">systemctl cannot be asked.</exception>
    internal static async Task<string?> UnitOf(int process)
    {
        if (!IsRunning || Candidate(process) is not { } unit)
        {
            return null;
        }
        // What a service has started is in its control group too: a shell under sshd.service must not have that restarted.
        string main = await Control("show", "--property=MainPID", "--value", unit).ConfigureAwait(false);
        return main.Trim() == process.ToString(CultureInfo.InvariantCulture) ? unit : null;
    }

    private static string? Candidate(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/cgroup")
                .Where(line => line.StartsWith("0::", StringComparison.Ordinal) || line.Contains(":name=systemd:", StringComparison.Ordinal))
                .Select(line => line[(line.LastIndexOf('/') + 1)..])
                .FirstOrDefault(name => name.EndsWith(Ending, StringComparison.Ordinal));
        }
        catch (IOException)
        {
            // It has just ended; who wants to restart it will hear so from its control socket.
            return null;
        }
    }
}
