using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>What goes wrong with configuration files that are to be made, read again or saved.</summary>
internal static partial class MptErrors
{
    internal static ErrorRecord InvalidLink(ArgumentException e, int number, object link) => Record(
        new ArgumentException($"Link {number} cannot be used, so nothing is written. {e.Message}", e), "InvalidLink", ErrorCategory.InvalidArgument, link,
        "Correct the link and try again.");

    internal static ErrorRecord InvalidTopology(string reason, object? target) => Record(
        new ArgumentException(reason), "InvalidTopology", ErrorCategory.InvalidArgument, target, "Correct the parameters; nothing was written.");

    internal static ErrorRecord ConfigExists(string file) => Record(
        new IOException($"{file} exists, so nothing was written."),
        "ConfigExists", ErrorCategory.ResourceExists, file, "Give another -Path, or replace the files with -Force.");

    internal static ErrorRecord NotWritten(IOException e, string file) => Record(
        e, "NotWritten", ErrorCategory.WriteError, file, "See to permission and room in its directory, and try again.");

    internal static ErrorRecord NotOfThisServer(string file, string directory, string server) => Record(
        new ArgumentException($"{file} is no file of server '{server}', which reads {directory}. Give the name of a file there."),
        "NotOfThisServer", ErrorCategory.InvalidArgument, file, "Give the name of a file in connections/ of the server's configuration directory.");

    internal static ErrorRecord NoSuchFile(string file, string directory) => Record(
        new ItemNotFoundException($"There is no {file} in {directory}."), nameof(Engine.ControlPlane.MptErrorKind.NotFound), ErrorCategory.ObjectNotFound, file,
        "Give the name of a file in connections/ of the server's configuration directory.");
}
