namespace MptTools.Engine.Config;

/// <summary>Tells whether two readings of a connection say the same; records compare their lists by reference only.</summary>
internal static class ConfigComparer
{
    internal static bool AreSame(ConnectionConfig a, ConnectionConfig b) =>
        a.Paths.SequenceEqual(b.Paths) && a.Networks.SequenceEqual(b.Networks) && WithoutLists(a) == WithoutLists(b);

    private static ConnectionConfig WithoutLists(ConnectionConfig config) => config with { Paths = [], Networks = [] };
}
