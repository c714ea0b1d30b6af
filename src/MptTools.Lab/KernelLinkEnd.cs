using System.Text.Json;
using MptTools.Engine.Linux;

namespace MptTools.Lab;

/// <summary>What a kernel device can do to cut the link behind it.</summary>
internal sealed class KernelLinkEnd(string namespaceName, string device)
{
    private bool down, dropping;
    private long droppedBefore;

    /// <summary>Packets dropped while the end was dropping what it sends.</summary>
    internal long Dropped => droppedBefore + (dropping ? DroppedNow() : 0);

    /// <summary>
    /// Makes a veth pair whose ends have different interface numbers. The kernel takes a device with the number of its
    /// peer for one without a peer, and then tells of its carrier's coming and going up to a second late.
    /// </summary>
    internal static void CreatePair(LabNetwork lab, string namespaceA, string deviceA, string namespaceB, string deviceB,
        int mtu) => IpTool.Run(
            "link", "add", "name", deviceA, "index", $"{lab.NextDeviceIndex()}", "mtu", $"{mtu}", "netns", namespaceA,
            "type", "veth",
            "peer", "name", deviceB, "index", $"{lab.NextDeviceIndex()}", "mtu", $"{mtu}", "netns", namespaceB);

    /// <summary>Sets the interface down, keeping its IPv6 addresses, so that its peer loses its carrier.</summary>
    internal void SetDown(bool wanted)
    {
        if (wanted == down)
        {
            return;
        }
        if (wanted)
        {
            KeepAddresses("1");
        }
        IpTool.Run("-n", namespaceName, "link", "set", "dev", device, wanted ? "down" : "up");
        if (!wanted)
        {
            KeepAddresses("0");
        }
        down = wanted;
    }

    /// <summary>Drops what the interface sends without anyone noticing, or no longer.</summary>
    internal void SetDropping(bool wanted)
    {
        if (wanted == dropping)
        {
            return;
        }
        if (wanted)
        {
            IpTool.Traffic(namespaceName, "qdisc", "replace", "dev", device, "root", "blackhole");
        }
        else
        {
            long dropped = DroppedNow();
            IpTool.Traffic(namespaceName, "qdisc", "delete", "dev", device, "root");
            droppedBefore += dropped;
        }
        dropping = wanted;
    }

    /// <summary>Deletes the interface, and with it its peer, unless it or its namespace is gone already.</summary>
    internal void Delete()
    {
        if (NamespaceExists && DeviceExists)
        {
            IpTool.Run("-n", namespaceName, "link", "delete", device);
        }
    }

    /// <summary>What an end received, and what was cut off on the way to it.</summary>
    internal static LinkCounters Counters(LinkEnd receiver, long cut)
    {
        DeviceCounters counters = receiver.Host.Statistics.Read(receiver.Device);
        return new LinkCounters
        {
            Packets = counters.ReceivedPackets,
            Bytes = counters.ReceivedBytes,
            DroppedByQueue = counters.ReceiveDropped,
            DroppedByCut = cut,
        };
    }

    private void KeepAddresses(string value)
    {
        string parameter = $"/proc/sys/net/ipv6/conf/{device}/keep_addr_on_down";
        NamespaceThread.Run(namespaceName, () =>
        {
            // A kernel without IPv6 has neither the parameter nor addresses to keep.
            if (File.Exists(parameter))
            {
                File.WriteAllText(parameter, value);
            }
            return true;
        });
    }

    private bool NamespaceExists => File.Exists(Path.Combine(LabNames.Directory, namespaceName));

    private bool DeviceExists => NamespaceThread.Run(namespaceName, () => Libc.if_nametoindex(device)) != 0;

    private long DroppedNow() => IpTool.Parse(IpTool.Traffic(namespaceName, "-s", "-j", "qdisc", "show", "dev", device, "root"))
        .EnumerateArray().Sum((JsonElement discipline) => discipline.GetProperty("drops").GetInt64());
}
