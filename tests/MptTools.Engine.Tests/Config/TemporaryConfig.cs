using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>A server's directory of configuration files that is gone after the test.</summary>
public sealed class TemporaryConfig : IDisposable
{
    public string Path { get; } = System.IO.Directory.CreateTempSubdirectory("mpt-config-").FullName;

    /// <summary>
    /// Writes a file that only its owner may read; its directory is created. The name is relative, such as <c>connections/a.conf</c>.
    /// </summary>
    public TemporaryConfig Write(string name, object text)
    {
        string file = File(name);
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file) ?? Path);
        System.IO.File.WriteAllText(file, text.ToString());
        return SetMode(name, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Changes who may read and write a file.</summary>
    public TemporaryConfig SetMode(string name, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.SetUnixFileMode(File(name), mode);
        }

        return this;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public ConfigResult<ServerConfig> Load() => ConfigLoader.Load(Path);

    public void Dispose() => System.IO.Directory.Delete(Path, recursive: true);
}
