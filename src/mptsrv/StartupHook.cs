using System.Reflection;
using System.Runtime.Loader;

/// <summary>
/// Runs this program in the runtime that PowerShell brings, on a host that has no other .NET: pwsh started with DOTNET_STARTUP_HOOKS
/// naming this assembly comes here before it does anything of its own, and ends with the program. The name and the place of this class
/// are the runtime's (docs/design/features/host-startup-hook.md of dotnet/runtime).
/// </summary>
internal static class StartupHook
{
    internal const string Variable = "DOTNET_STARTUP_HOOKS";

    /// <summary>The program runs in a runtime that was started as something else.</summary>
    internal static bool IsInUse { get; private set; }

    /// <summary>Called by the runtime.</summary>
    public static void Initialize()
    {
        Assembly program = typeof(StartupHook).Assembly;
        string directory = Path.GetDirectoryName(program.Location)!;
        // What the program needs lies beside it, where this runtime does not look.
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            string file = Path.Combine(directory, name.Name + ".dll");
            return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        };
        IsInUse = true;
        // Programs that this one starts are themselves.
        Environment.SetEnvironmentVariable(Variable, null);
        string[] arguments = Environment.GetCommandLineArgs()[1..];
        Environment.Exit((int)program.EntryPoint!.Invoke(null, [arguments])!);
    }
}
