using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MptTools.Engine;

namespace MptTools.Mptsrv;

/// <summary>
/// Where a server's events go: a line each on standard output, or the system log where there is no terminal. The lines are those of
/// <see cref="MptEvent.ToLogLine"/>, with syslog's priorities.
/// </summary>
/// <param name="limit">The least grave level that is still written.</param>
internal abstract class EventLog(MptEventLevel limit) : IDisposable
{
    /// <summary>Under systemd, which reads priorities at the start of a line (sd-daemon(3)); on a terminal the time.</summary>
    internal static EventLog OnStandardOutput(MptEventLevel limit) =>
        new Lines(Console.Out, forJournal: Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null, limit);

    internal static EventLog OnSystemLog(MptEventLevel limit) => new SystemLog(limit);

    internal static EventLog On(TextWriter output, bool forJournal, MptEventLevel limit = MptEventLevel.Information) => new Lines(output, forJournal, limit);

    internal void Write(MptEvent change)
    {
        if (change.Level <= limit)
        {
            WriteLine(change);
        }
    }

    public virtual void Dispose()
    {
    }

    private protected abstract void WriteLine(MptEvent change);

    private sealed class Lines(TextWriter output, bool forJournal, MptEventLevel limit) : EventLog(limit)
    {
        private protected override void WriteLine(MptEvent change) => output.WriteLine(forJournal
            ? string.Create(CultureInfo.InvariantCulture, $"<{(int)change.Level}>{change.ToLogLine()}")
            : string.Create(CultureInfo.InvariantCulture, $"{change.Time.ToLocalTime():HH:mm:ss} {change.ToLogLine()}"));
    }

    private sealed class SystemLog(MptEventLevel limit) : EventLog(limit)
    {
        private const int DaemonFacility = 3 << 3;
        private static readonly UnixDomainSocketEndPoint Device = new("/dev/log");

        private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

        private protected override void WriteLine(MptEvent change)
        {
            string line = string.Create(CultureInfo.InvariantCulture,
                $"<{DaemonFacility | (int)change.Level}>mptsrv[{Environment.ProcessId}]: {change.ToLogLine()}");
            try
            {
                socket.SendTo(Encoding.UTF8.GetBytes(line), Device);
            }
            catch (SocketException)
            {
                // No system log runs here: there is nobody to tell, and the tunnel goes on without.
                return;
            }
        }

        public override void Dispose() => socket.Dispose();
    }
}
