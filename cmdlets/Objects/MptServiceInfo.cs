namespace MptTools;

/// <summary>A systemd service that runs a server.</summary>
public sealed class MptServiceInfo
{
    internal MptServiceInfo(string name, string unitFile, string configDirectory, string program, string state, string startup) =>
        (Name, UnitFile, ConfigDirectory, Program, Status, Startup) = (name, unitFile, configDirectory, program, state, startup);

    /// <summary>The service's name, without .service.</summary>
    public string Name { get; }
    /// <summary>What systemd says of it: active, inactive, failed and so on; Unknown where systemd was not asked.</summary>
    public string Status { get; }
    /// <summary>Whether it starts with the host: enabled, disabled and so on; Unknown where systemd was not asked.</summary>
    public string Startup { get; }
    /// <summary>The file that was written.</summary>
    public string UnitFile { get; }
    /// <summary>The configuration directory of its server.</summary>
    public string ConfigDirectory { get; }
    /// <summary>The program that it runs.</summary>
    public string Program { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
