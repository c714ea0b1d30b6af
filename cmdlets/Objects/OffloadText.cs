using MptTools.Engine;

namespace MptTools;

/// <summary>Offloads by name.</summary>
internal static class OffloadText
{
    internal static TextList Of(Offloads offloads) => new(
        from one in Enum.GetValues<Offloads>()
        where one is not (Offloads.None or Offloads.All) && offloads.HasFlag(one)
        select one.ToString());
}
