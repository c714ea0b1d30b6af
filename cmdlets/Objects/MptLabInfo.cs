namespace MptTools;

/// <summary>A lab of this PowerShell process, as it was when it was asked for. Its links are objects of their own: Get-MptLabLink.</summary>
public sealed class MptLabInfo
{
    /// <summary>Its name.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>The names of its hosts, in the order they were made.</summary>
    public TextList Hosts { get; internal init; } = new([]);

    /// <summary>The hosts' network namespaces, in the same order, as for <c>ip netns exec</c>.</summary>
    public TextList Namespaces { get; internal init; } = new([]);

    /// <summary>The names of its links, in the order they were made.</summary>
    public TextList Links { get; internal init; } = new([]);

    /// <summary>How many links are whole.</summary>
    public int LinksUp { get; internal init; }

    /// <summary>The directory that holds a configuration directory for each host, of the host's name; empty where there are none.</summary>
    public string ConfigPath { get; internal init; } = "";

    /// <summary>The lab's name, by which it is bound to -Lab.</summary>
    public override string ToString() => Name;
}
