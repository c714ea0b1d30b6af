using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MptTools.Engine;

namespace MptTools.Mptsrv;

/// <summary>Where a server's events go: a line each on standard output, or the system log where there is no terminal.</summary>
internal abstract class EventLog : IDisposable
{
    /// <summary>The priorities of syslog(3), which systemd reads at the start of a line (sd-daemon(3)).</summary>
    private const int Error = 3, Warning = 4, Information = 6;

    /// <summary>Under systemd priorities, on a terminal the time.</summary>
    internal static EventLog OnStandardOutput() =>
        new Lines(Console.Out, forJournal: Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null);

    internal static EventLog OnSystemLog() => new SystemLog();

    internal static EventLog On(TextWriter output, bool forJournal) => new Lines(output, forJournal);

    internal abstract void Write(MptEvent change);

    public virtual void Dispose()
    {
    }

    private static int Priority(MptEvent change) => change.Kind switch
    {
        MptEventKind.ServerFailed => Error,
        MptEventKind.Warning => Warning,
        MptEventKind.PathChanged when change.NewState != nameof(PathState.Up) => Warning,
        _ => Information,
    };

    private sealed class Lines(TextWriter output, bool forJournal) : EventLog
    {
        internal override void Write(MptEvent change) => output.WriteLine(forJournal
            ? string.Create(CultureInfo.InvariantCulture, $"<{Priority(change)}>{change.Message}")
            : string.Create(CultureInfo.InvariantCulture, $"{change.Time.ToLocalTime():HH:mm:ss} {change.Message}"));
    }

    private sealed class SystemLog : EventLog
    {
        private const int DaemonFacility = 3 << 3;
        private static readonly UnixDomainSocketEndPoint Device = new("/dev/log");

        private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

        internal override void Write(MptEvent change)
        {
            string line = string.Create(CultureInfo.InvariantCulture,
                $"<{DaemonFacility | Priority(change)}>mptsrv[{Environment.ProcessId}]: {change.Message}");
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
