using System.Diagnostics;

namespace MptTools.Lab.Tests.LabSelf;

public class CleanupTests
{
    [LabFact]
    public void Dispose_removes_namespaces_and_processes()
    {
        string[] names;
        int plain, detached;
        using (var lab = new LabNetwork("self"))
        {
            LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
            lab.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
            plain = a.Start("sleep", "1000").Id;
            // A daemon that left its parent and ignores everything that can be ignored.
            detached = int.Parse(b.Run("sh", "-c", "setsid sh -c \"trap '' HUP TERM INT; exec sleep 1000\" >/dev/null 2>&1 & echo $!").Output);
            Assert.NotNull(LabNames.StartOf(plain));
            Assert.NotNull(LabNames.StartOf(detached));
            names = [a.Namespace, b.Namespace];
            Assert.Subset(LabNames.All().ToHashSet(), names.ToHashSet());
            lab.Dispose();
        }
        Assert.Empty(LabNames.All().Intersect(names));
        Assert.Null(LabNames.StartOf(plain));
        Assert.Null(LabNames.StartOf(detached));
    }

    [LabFact]
    public void A_new_lab_removes_what_a_dead_process_left_and_nothing_else()
    {
        using var dead = Process.Start("true");
        dead.WaitForExit();
        string stale = $"mptlab-{dead.Id}-1-1-self-A";
        // The same number as a living process, which began at another time.
        string reused = $"mptlab-{Environment.ProcessId}-1-1-self-A";
        string foreign = $"mptlabelled-{dead.Id}-1-1-self-A";
        try
        {
            foreach (string name in new[] { stale, reused, foreign })
            {
                IpTool.Run("netns", "add", name);
            }
            using var left = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", stale, "sleep", "1000"]))!;
            LabWait.Until(() => IpTool.Run("netns", "pids", stale).Output.Length > 0, "the process is in its namespace");
            using var alive = new LabNetwork("self");
            LabHost a = alive.AddHost("A");
            using var another = new LabNetwork("self");
            Assert.DoesNotContain(stale, LabNames.All());
            Assert.DoesNotContain(reused, LabNames.All());
            Assert.Contains(foreign, LabNames.All());
            Assert.Contains(a.Namespace, LabNames.All());
            Assert.True(left.WaitForExit(TimeSpan.FromSeconds(5)));
        }
        finally
        {
            foreach (string name in LabNames.All().Intersect([stale, reused, foreign]))
            {
                NamespaceRemoval.Remove(name);
            }
        }
    }

    [LabFact]
    public void A_disposed_lab_takes_no_more_hosts_and_may_be_disposed_again()
    {
        var lab = new LabNetwork("self");
        lab.Dispose();
        lab.Dispose();
        Assert.Throws<ObjectDisposedException>(() => lab.AddHost("A"));
    }

    [LabFact]
    public void Dispose_goes_on_after_a_failure_and_tells_of_it()
    {
        var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A");
        lab.Own(new Stubborn());
        LabException e = Assert.Throws<LabException>(lab.Dispose);
        Assert.Contains("I stay.", e.Message);
        Assert.DoesNotContain(a.Namespace, LabNames.All());
    }

    private sealed class Stubborn : IDisposable
    {
        public void Dispose() => throw new LabException("I stay.");
    }
}
