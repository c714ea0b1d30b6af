using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MptTools.Lab.Tests.LabSelf;

public class HostTests
{
    [LabFact]
    public void Sockets_made_by_Invoke_belong_to_the_host()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        lab.Link(a, "eth1", ["10.1.1.2/24", "fd00:1::2/64"], b, "eth1", ["10.1.1.3/24", "fd00:1::3/64"]);
        foreach (string address in new[] { "10.1.1.3", "fd00:1::3" })
        {
            IPAddress ip = IPAddress.Parse(address);
            using Socket receiver = b.Invoke(() => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            using Socket sender = a.Invoke(() => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            receiver.Bind(new IPEndPoint(ip, 0));
            receiver.ReceiveTimeout = 5000;
            sender.SendTo("hello"u8, receiver.LocalEndPoint!);
            byte[] buffer = new byte[16];
            Assert.Equal("hello", Encoding.ASCII.GetString(buffer, 0, receiver.Receive(buffer)));
        }
    }

    [LabFact]
    public void Invoke_leaves_the_callers_thread_where_it_was()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        const string own = "/proc/thread-self/ns/net";
        string? before = File.ResolveLinkTarget(own, false)?.Name;
        string? inside = a.Invoke(() => File.ResolveLinkTarget(own, false)?.Name);
        Assert.NotNull(inside);
        Assert.NotEqual(before, inside);
        Assert.Equal(before, File.ResolveLinkTarget(own, false)?.Name);
    }

    [LabFact]
    public void Invoke_passes_exceptions_on()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        Assert.Throws<InvalidTimeZoneException>(() => a.Invoke(() => throw new InvalidTimeZoneException()));
    }

    [LabFact]
    public void Run_answers_exit_code_and_output()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        CommandResult result = a.Run("sh", "-c", "echo out; echo err >&2; exit 3");
        Assert.Equal((3, "out\n", "err\n", false), (result.ExitCode, result.Output, result.Error, result.TimedOut));
        LabException e = Assert.Throws<LabException>(() => result.EnsureSuccess());
        Assert.Contains("exit code 3", e.Message);
        Assert.Contains("err", e.Message);
    }

    [LabFact]
    public void Run_kills_what_takes_too_long()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        CommandResult result = a.Run(TimeSpan.FromMilliseconds(200), "sh", "-c", "sleep 1000 & sleep 1000");
        Assert.True(result.TimedOut);
        Assert.False(result.Succeeded);
        LabWait.Until(() => IpTool.Run("netns", "pids", a.Namespace).Output.Length == 0, "the children are gone too");
    }

    [LabFact]
    public void A_program_that_is_not_there_is_named()
    {
        using var lab = new LabNetwork("self");
        CommandResult result = lab.AddHost("A").Run("no-such-program");
        Assert.False(result.Succeeded);
        Assert.Contains("no-such-program", result.Error);
    }

    [LabFact]
    public void A_process_is_read_written_signalled_and_stopped()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        LabProcess process = a.Start("sh", "-c",
            "trap 'echo hup' HUP; trap 'echo bye; exit 7' TERM; echo ready; while read line; do echo \"got $line\"; done; " +
            "while :; do sleep 0.01; done");
        process.WaitForLine("ready");
        process.WriteLine("one");
        Assert.Equal("got one", process.WaitForLine(line => line.Text.StartsWith("got")).Text);
        process.Reload();
        process.WaitForLine("hup");
        Assert.True(process.Stop());
        Assert.Equal(7, process.ExitCode);
        Assert.Equal("bye", process.Lines[^1].Text);
        LabException e = Assert.Throws<LabException>(() => process.WaitForLine("never"));
        Assert.Contains("ended with 7", e.Message);
    }

    [LabFact]
    public void A_process_that_ignores_SIGTERM_is_killed()
    {
        using var lab = new LabNetwork("self");
        LabProcess process = lab.AddHost("A").Start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done");
        process.WaitForLine("ready");
        Assert.False(process.Stop(TimeSpan.FromMilliseconds(100)));
        Assert.Equal(128 + 9, process.ExitCode);
    }

    [LabFact]
    public void The_environment_reaches_a_process()
    {
        using var lab = new LabNetwork("self");
        LabProcess process = lab.AddHost("A").Start("sh", ["-c", "echo $LAB_VALUE in $PWD"],
            new Dictionary<string, string?> { ["LAB_VALUE"] = "seen" }, "/proc");
        process.WaitForLine("seen in /proc");
    }

    [LabFact]
    public void Addresses_routes_and_kernel_parameters_are_the_hosts_own()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A"), router = lab.AddHost("R"), b = lab.AddHost("B");
        lab.Link(a, "eth1", "10.1.1.2/24", router, "eth1", "10.1.1.1/24");
        lab.Link(b, "eth1", "10.1.2.2/24", router, "eth2", "10.1.2.1/24");
        a.AddRoute("10.1.2.0/24", "10.1.1.1");
        b.AddRoute("default", gateway: "10.1.2.1");
        Assert.True(Reach.IsSilent(a, b, "10.1.2.2"));
        router.EnableForwarding();
        Assert.Equal("1", router.Sysctl("net.ipv4.ip_forward"));
        Assert.Equal("0", a.Sysctl("net.ipv4.ip_forward"));
        Assert.True(Reach.Answers(a, b, "10.1.2.2"));
        a.RemoveRoute("10.1.2.0/24", "10.1.1.1");
        Assert.Throws<SocketException>(() => Reach.Answers(a, b, "10.1.2.2"));
        a.AddRoute("10.1.2.0/24", "10.1.1.1", "eth1");
        a.AddAddress("eth1", "fd00:1::2/64");
        a.RemoveAddress("eth1", "10.1.1.2/24");
        Assert.Throws<SocketException>(() => Reach.Answers(a, b, "10.1.2.2"));
        Assert.Contains(a.Device("eth1").GetProperty("addr_info").EnumerateArray(),
            address => address.GetProperty("local").GetString() == "fd00:1::2");
    }

    [LabFact]
    public void What_cannot_be_is_said()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        Assert.Contains("another name", Assert.Throws<ArgumentException>(() => lab.AddHost("A")).Message);
        Assert.Contains("letters", Assert.Throws<ArgumentException>(() => lab.AddHost("a/b")).Message);
        Assert.Contains("10.1.1.2/24", Assert.Throws<ArgumentException>(() => a.AddAddress("lo", "10.1.1.300/24")).Message);
        Assert.Contains("10.1.1.2/24", Assert.Throws<ArgumentException>(() => a.AddAddress("lo", "10.1.1.3/33")).Message);
        Assert.Contains("net.ipv4.nonsense", Assert.Throws<LabException>(() => a.Sysctl("net.ipv4.nonsense", "1")).Message);
        Assert.Contains("A", Assert.Throws<KeyNotFoundException>(() => lab.Host("B")).Message);
        Assert.Same(a, lab.Host("A"));
    }
}
