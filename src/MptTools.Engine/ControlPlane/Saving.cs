using MptTools.Engine.Config;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>What is to be saved of a connection, read in one moment.</summary>
/// <param name="Running">As it runs.</param>
/// <param name="Loaded">As its file gave it; null when no file has it.</param>
/// <param name="KeyIsSet">The key was set by command, so it goes over the file's.</param>
internal sealed record SaveItem(ConnectionConfig Running, ConnectionConfig? Loaded, bool KeyIsSet);

/// <summary>
/// Writes what was changed at run time back into the files that users wrote. It waits for the disk, so it is no work for
/// the control thread.
/// </summary>
internal static class Saving
{
    /// <summary>Writes one connection's file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="item">What to save.</param>
    /// <returns>False where there was nothing to write.</returns>
    /// <exception cref="MptCommandException">It cannot be written and is as it was.</exception>
    internal static bool Write(string path, SaveItem item)
    {
        ConfigWriteResult? result = item.Loaded is { } loaded ? Changed(path, item, loaded) : New(path, item);
        if (result is null)
        {
            return false;
        }
        if (result.Content is not { } content)
        {
            throw new MptCommandException($"{path} was not saved and is as it was.{Environment.NewLine}{string.Join(Environment.NewLine, result.Diagnostics)}")
            {
                Kind = MptErrorKind.InvalidConfiguration,
            };
        }
        try
        {
            SafeFile.Write(path, content, ConnectionReader.HoldsSecret(path, content));
        }
        catch (IOException e)
        {
            throw new MptCommandException(e.Message, e);
        }
        return true;
    }

    // A file that somebody has removed is not made anew: who wants the connection gone at the next start does that.
    private static ConfigWriteResult? Changed(string path, SaveItem item, ConnectionConfig loaded)
    {
        if (ConfigComparer.AreSame(item.Running, loaded) || !File.Exists(path))
        {
            return null;
        }
        var faults = new FaultList();
        byte[]? original = ConfigFile.Read(path, faults);
        ConfigResult<ConnectionConfig> file = original is null
            ? new ConfigResult<ConnectionConfig>(null, faults.ToList())
            : ConfigLoader.ParseConnection(path, original);
        if (file.Config is not { } now)
        {
            return ConfigWriteResult.Refused(file.Diagnostics);
        }
        ConfigResult<ConnectionConfig> merged = RuntimeChanges.Merge(loaded, item.Running, now);
        return merged.Config is { } wanted
            ? ConnectionWriter.Update(path, original, wanted, item.KeyIsSet)
            : ConfigWriteResult.Refused(merged.Diagnostics);
    }

    private static ConfigWriteResult New(string path, SaveItem item)
    {
        if (!File.Exists(path))
        {
            return ConnectionWriter.Create(path, item.Running);
        }
        var faults = new FaultList();
        return ConfigFile.Read(path, faults) is { } original
            ? ConnectionWriter.Update(path, original, item.Running, item.KeyIsSet)
            : ConfigWriteResult.Refused(faults.ToList());
    }
}
